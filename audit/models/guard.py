"""Triggers that refuse to change or remove an event.

A guard against mistakes, not the proof: the proof is the chain and the signed
checkpoints. Django's table rebuild on SQLite drops triggers silently, so they
are made anew after every `migrate`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from audit.models.log import AuditEvent

TABLE = AuditEvent._meta.db_table
WORDS = "the audit log is append-only"
NAMES = ("audit_guard_update", "audit_guard_delete")
SQLITE = [
    f"CREATE TRIGGER audit_guard_update BEFORE UPDATE ON {TABLE} "
    f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END",
    f"CREATE TRIGGER audit_guard_delete BEFORE DELETE ON {TABLE} "
    f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END",
]
POSTGRESQL = [
    "CREATE OR REPLACE FUNCTION audit_guard() RETURNS trigger LANGUAGE plpgsql AS "
    f"$$ BEGIN RAISE EXCEPTION '{WORDS}'; END $$",
    f"CREATE TRIGGER audit_guard_update BEFORE UPDATE ON {TABLE} "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_guard()",
    f"CREATE TRIGGER audit_guard_delete BEFORE DELETE OR TRUNCATE ON {TABLE} "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_guard()",
]


def install(using: str = DEFAULT_DB_ALIAS) -> None:
    """(Re)create the triggers; nothing to do before the table exists."""
    connection = connections[using]
    if not _table_exists(connection):
        return
    with transaction.atomic(using=using):
        remove(using)
        with connection.cursor() as cursor:
            for statement in POSTGRESQL if _is_postgresql(connection) else SQLITE:
                cursor.execute(statement)


def remove(using: str = DEFAULT_DB_ALIAS) -> None:
    connection = connections[using]
    place = f" ON {TABLE}" if _is_postgresql(connection) else ""
    with connection.cursor() as cursor:
        for name in NAMES:
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{place}")


@contextmanager
def lifted(using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """One transaction without the guard: for tests, and for `prune_log` (CONTRACT.md,
    manage.py), which is not written yet."""
    with transaction.atomic(using=using):
        remove(using)
        yield
        install(using)


def missing(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """Triggers that should be there and are not; [] before the table exists."""
    connection = connections[using]
    if not _table_exists(connection):
        return []
    query = (
        "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgenabled <> 'D'"
        if _is_postgresql(connection)
        else "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(query, [TABLE])
        there = {row[0] for row in cursor.fetchall()}
    return [name for name in NAMES if name not in there]


def _is_postgresql(connection: BaseDatabaseWrapper) -> bool:
    return connection.vendor == "postgresql"


def _table_exists(connection: BaseDatabaseWrapper) -> bool:
    with connection.cursor() as cursor:
        return TABLE in connection.introspection.table_names(cursor)
