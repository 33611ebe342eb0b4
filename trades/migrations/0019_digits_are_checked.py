"""On SQLite, tables whose numbers were checked for length and first digit alone are
written anew, with the check of every digit (kernel.fields)."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

WEAK = "< '2'"


def check_digits(apps: Apps, editor: BaseDatabaseSchemaEditor) -> None:
    if editor.connection.vendor != "sqlite":
        return
    with editor.connection.cursor() as cursor:
        cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        weak = {name for name, sql in cursor.fetchall() if WEAK in (sql or "")}
    for model in apps.get_models():
        if model._meta.db_table in weak:
            editor._remake_table(model)  # type: ignore[attr-defined]


class Migration(migrations.Migration):

    dependencies = [
        ("portfolio", "0006_what_a_fill_lacked"),
        ("trades", "0018_fewer_indexes"),
    ]

    operations = [migrations.RunPython(check_digits, migrations.RunPython.noop)]
