"""PostgreSQL is copied by pg_dump at an exported snapshot, with its own programs."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connections, transaction

from kernel.programs import postgresql_program
from operations.services.backups.copies import (
    BackupError,
    Marker,
    Progress,
    marker,
    second_connection,
)

SUFFIX = "dump"
TIMEOUT_SECONDS = 3600
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


def take_copy(target: Path, progress: Progress) -> Marker:
    with second_connection("backup") as alias, transaction.atomic(using=alias):
        with connections[alias].cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            # This transaction idles for as long as the copy takes.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_export_snapshot()")
            snapshot = cursor.fetchone()[0]
        facts = marker(alias)
        _run(
            "pg_dump",
            *("-Fc", f"--snapshot={snapshot}", "-f", str(target)),
            database=connections["default"].settings_dict["NAME"],
        )
    return facts


@contextmanager
def opened(copied: Path) -> Iterator[str]:
    name = f"rrr_scratch_{os.getpid()}"
    _run("createdb", name)
    try:
        _restore(copied, name)
        with second_connection("scratch", NAME=name) as alias:
            yield alias
    finally:
        _run("dropdb", "--if-exists", name)


def check(copied: Path) -> None:
    _run("pg_restore", "--list", str(copied))


def refuse_others() -> None:
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        if cursor.fetchone()[0]:
            raise BackupError("the database is still in use by another connection")


def put_back(copied: Path, progress: Progress) -> None:
    refuse_others()
    name = connections["default"].settings_dict["NAME"]
    connections["default"].close()
    fresh, old = f"{name}_restored", f"{name}_before_restore"
    _run("dropdb", "--if-exists", fresh)
    _run("createdb", fresh)
    _restore(copied, fresh)
    _run("dropdb", "--if-exists", old)
    with second_connection("maintenance", NAME="postgres") as alias:
        quote = connections[alias].ops.quote_name
        with connections[alias].cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {quote(name)} RENAME TO {quote(old)}")
            cursor.execute(f"ALTER DATABASE {quote(fresh)} RENAME TO {quote(name)}")


def write_to(copied: Path, target: str) -> None:
    """`target` is the name of a database, which must not be there yet."""
    if not NAME.fullmatch(target):
        raise BackupError(
            f"{target!r} is no name of a database: up to 63 small letters, digits "
            "and _, beginning with a letter"
        )
    _run("createdb", target)
    try:
        _restore(copied, target)
    except BackupError:
        _run("dropdb", "--if-exists", target)
        raise


def _restore(copied: Path, name: str) -> None:
    _run("pg_restore", "--no-owner", "--exit-on-error", "-d", name, str(copied))


def _run(name: str, *arguments: str, database: str = "") -> None:
    program = postgresql_program(name)
    if not program:
        raise BackupError(
            f"{name} is not installed: install PostgreSQL's client programs"
        )
    ended = subprocess.run(  # noqa: S603 - a fixed program, words from our settings
        [program, *arguments],
        env=_environment(database),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if ended.returncode:
        raise BackupError(f"{name}: {ended.stderr.strip()[-500:] or ended.returncode}")


def _environment(database: str) -> dict[str, str]:
    """Where the default database is, as its programs expect to be told."""
    settings = connections["default"].settings_dict
    environment = {**os.environ, "PGPASSWORD": str(settings["PASSWORD"] or "")}
    for key, variable in (("HOST", "PGHOST"), ("PORT", "PGPORT"), ("USER", "PGUSER")):
        if settings[key]:
            environment[variable] = str(settings[key])
    if database:
        environment["PGDATABASE"] = database
    return environment
