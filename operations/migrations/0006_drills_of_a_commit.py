from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("operations", "0005_rule_judged_at")]

    operations = [
        migrations.AddField(
            model_name="restoredrill",
            name="commit",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
    ]
