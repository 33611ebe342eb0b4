from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("operations", "0009_started_with"),
    ]

    operations = [
        migrations.AddField(
            model_name="backup",
            name="of_this_log",
            field=models.BooleanField(default=True),
        ),
    ]
