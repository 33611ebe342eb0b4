"""Records of probes are sealed; those on which something stands are taken as they are."""

from typing import Any

from django.db import migrations, models

from kernel.sealed_rows import sealed

SEALED = (
    *("review_item_id", "check_of_id", "kind", "verdict", "summary", "reason"),
    *("probe", "params", "threshold", "definition_sha256", "value", "unit", "facts"),
    *("commit", "environment", "configuration", "collector", "observed_at"),
)


def seal_what_stands(apps: Any, schema_editor: Any) -> None:
    standing = apps.get_model("readiness", "Standing")
    for row in standing.objects.exclude(check_of=None).select_related("latest", "conclusive"):
        for record in filter(None, (row.latest, row.conclusive)):
            values = {name: getattr(record, name) for name in SEALED}
            record.seal = sealed("readiness.evidence", values)
            record.save(update_fields=["seal"])


class Migration(migrations.Migration):
    dependencies = [("readiness", "0011_owners_by_id")]

    operations = [
        migrations.AddField(
            model_name="evidence",
            name="seal",
            field=models.CharField(blank=True, editable=False, max_length=64),
        ),
        migrations.RunPython(seal_what_stands, migrations.RunPython.noop),
    ]
