"""The newest recording of a price is found at once: an answer names it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("trades", "0015_undoing_as_a_job")]
    operations = [
        migrations.AddIndex(
            model_name="price",
            index=models.Index(fields=["recorded_at"], name="trades_price_recorded"),
        ),
    ]
