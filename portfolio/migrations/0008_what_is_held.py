"""The walk says how much is held: curves are of no state and are walked anew."""

from django.db import migrations

import kernel.fields


def walk_anew(apps, schema_editor):
    apps.get_model("portfolio", "EquityCurve").objects.update(facts="")


class Migration(migrations.Migration):
    dependencies = [("portfolio", "0007_where_walks_go_on")]
    operations = [
        migrations.AddField(
            model_name="equitypoint",
            name="gross",
            field=kernel.fields.ExactDecimalField(null=True, blank=True),
        ),
        migrations.RunPython(walk_anew, migrations.RunPython.noop),
    ]
