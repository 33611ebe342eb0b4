"""Curves say which of their flows have their other side in an own book: those of before
are computed again by the next scheduled run."""

from django.db import migrations, models


def compute_again(apps, schema_editor):
    apps.get_model("portfolio", "EquityCurve").objects.update(facts="")


class Migration(migrations.Migration):
    dependencies = [("portfolio", "0003_books_to_derive_again")]
    operations = [
        migrations.AddField(
            model_name="equitypoint",
            name="between",
            field=models.JSONField(default=list),
        ),
        migrations.RunPython(compute_again, migrations.RunPython.noop),
    ]
