"""On PostgreSQL sums have 30 digits before the point, as they have on SQLite: what was
given had 20, and two of the largest were more than a balance could hold.

More digits at the same scale are a change of the catalogue: no row is written.
"""

from django.db import migrations

from kernel.fields import ExactDecimalField


def make_room(apps, editor):
    if editor.connection.vendor != "postgresql":
        return
    quote = editor.quote_name
    for model in apps.get_models():
        changes = [
            f"ALTER COLUMN {quote(field.column)} TYPE {field.db_type(editor.connection)}"
            for field in model._meta.local_concrete_fields
            if isinstance(field, ExactDecimalField)
        ]
        if changes:
            table = quote(model._meta.db_table)
            editor.execute(f"ALTER TABLE {table} {', '.join(changes)}")


class Migration(migrations.Migration):
    dependencies = [
        ("portfolio", "0008_what_is_held"),
        ("trades", "0024_unindexed_fills"),
    ]
    operations = [migrations.RunPython(make_room, migrations.RunPython.noop)]
