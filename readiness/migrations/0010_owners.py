from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("readiness", "0009_notes")]

    operations = [
        migrations.AddField(
            model_name="review",
            name="owners",
            field=models.JSONField(
                blank=True,
                default=dict,
                help_text="of sections: {slug: username}; not signed",
            ),
        ),
    ]
