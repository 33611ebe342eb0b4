"""A long file is taken out of its book by the job, as it came in."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trades", "0014_ids_before_symbols")]

    operations = [
        migrations.AddField(
            model_name="importbatch",
            name="undo_reason",
            field=models.TextField(blank=True, db_default="", default=""),
        ),
        migrations.AlterField(
            model_name="importbatch",
            name="state",
            field=models.CharField(
                choices=[
                    ("queued", "Queued"),
                    ("reading", "Reading"),
                    ("preview", "Preview"),
                    ("committing", "Committing"),
                    ("booked", "Booked"),
                    ("failed", "Failed"),
                    ("cancelled", "Cancelled"),
                    ("undoing", "Undoing"),
                    ("undone", "Undone"),
                ],
                default="queued",
                max_length=10,
            ),
        ),
    ]
