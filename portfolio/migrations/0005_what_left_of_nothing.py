"""What a book sent to another without holding it is told by its curve, too: curves of
before are computed again by the next scheduled run."""

from django.db import migrations, models


def compute_again(apps, schema_editor):
    apps.get_model("portfolio", "EquityCurve").objects.update(facts="")


class Migration(migrations.Migration):
    dependencies = [("portfolio", "0004_moves_between_own_books")]
    operations = [
        migrations.AlterField(
            model_name="equitypoint",
            name="between",
            field=models.JSONField(
                db_default=models.Value([], models.JSONField()), default=list
            ),
        ),
        migrations.RunPython(compute_again, migrations.RunPython.noop),
    ]
