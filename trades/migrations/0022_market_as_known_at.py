from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("trades", "0021_mended_facts")]

    operations = [
        migrations.RenameField("generation", "splits_at", "market_at"),
    ]
