"""Owners of sections were kept by their names, which may change hands."""

from typing import Any

from django.db import migrations, models


def to_actors(apps: Any, schema_editor: Any) -> None:
    review, user = apps.get_model("readiness", "Review"), apps.get_model("accounts", "User")
    people = {row.username: row for row in user.objects.all()}
    for row in review.objects.exclude(owners={}):
        row.owners = {
            slug: f"p:{people[name].pk}" if name in people else name
            for slug, name in row.owners.items()
        }
        row.save(update_fields=["owners"])


class Migration(migrations.Migration):
    dependencies = [
        ("readiness", "0010_owners"),
        ("accounts", "0006_limit_overrides"),
    ]

    operations = [
        migrations.AlterField(
            model_name="review",
            name="owners",
            field=models.JSONField(
                blank=True, default=dict, help_text="of sections: {slug: actor}; not signed"
            ),
        ),
        migrations.RunPython(to_actors, migrations.RunPython.noop),
    ]
