"""How each database is copied and put back: SQLite's backup API, pg_dump.

Copying the file of a live WAL database loses rows; these do not. A copy is taken
at one pinned snapshot together with its marker (what was true at that moment).
"""

from __future__ import annotations

import copy
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.apps import apps
from django.db import connections, transaction

from kernel.registry import MARKERS

PAGES = 1000
Progress = Callable[[int, int], None]
TIMEOUT_SECONDS = 3600


class BackupError(Exception):
    """The copy could not be taken, verified or put back; the text says why."""


def engine(alias: str = "default") -> str:
    return connections[alias].vendor


def suffix() -> str:
    return "sqlite3" if engine() == "sqlite" else "dump"


@contextmanager
def database(alias: str, **changes: Any) -> Iterator[str]:
    """A second connection like the default one, with some settings changed."""
    default = connections["default"]
    settings = {**copy.deepcopy(default.settings_dict), **changes}
    connections[alias] = type(default)(settings, alias)
    try:
        yield alias
    finally:
        connections[alias].close()
        del connections[alias]


def marker(alias: str) -> dict[str, str]:
    """Row counts of every table and all registered markers, as texts."""
    found = {
        f"rows.{model._meta.db_table}": str(model._default_manager.using(alias).count())
        for model in apps.get_models()
        if model._meta.managed and not model._meta.proxy
    }
    for name, function in MARKERS.items():
        found |= {f"{name}.{key}": value for key, value in function(alias).items()}
    return dict(sorted(found.items()))


def differences(expected: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """Where two markers differ, in words."""
    names = sorted(set(expected) | set(found))
    return [
        f"{name}: {expected.get(name, 'absent')} became {found.get(name, 'absent')}"
        for name in names
        if expected.get(name) != found.get(name)
    ]


def take_copy(target: Path, progress: Progress) -> dict[str, str]:
    """Write a copy of the default database; returns the marker of its snapshot."""
    if engine() == "sqlite":
        return _copy_sqlite(target, progress)
    return _dump_postgresql(target)


def _copy_sqlite(target: Path, progress: Progress) -> dict[str, str]:
    settings = connections["default"].settings_dict
    options = {**settings["OPTIONS"], "transaction_mode": "DEFERRED"}
    with (
        database("backup", OPTIONS=options) as alias,
        transaction.atomic(using=alias),
        _plain_sqlite(target) as copied,
    ):
        # The first read pins the snapshot that the copy is then taken from.
        found = marker(alias)
        connections[alias].connection.backup(
            copied,
            pages=PAGES,
            progress=lambda _status, left, total: progress(total - left, total),
        )
    return found


@contextmanager
def _plain_sqlite(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path)
    try:
        yield connection
    finally:
        connection.close()


def _dump_postgresql(target: Path) -> dict[str, str]:
    with database("backup") as alias, transaction.atomic(using=alias):
        with connections[alias].cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            cursor.execute("SELECT pg_export_snapshot()")
            snapshot = cursor.fetchone()[0]
        found = marker(alias)
        _run(
            "pg_dump",
            ["-Fc", f"--snapshot={snapshot}", "-f", str(target)],
            database_name=connections["default"].settings_dict["NAME"],
        )
    return found


@contextmanager
def opened(copied: Path) -> Iterator[str]:
    """The copy as a scratch database of its own, for looking and for migrating."""
    if engine() == "sqlite":
        with database("scratch", NAME=f"file:{copied}?mode=rw") as alias:
            yield alias
        return
    name = f"rrr_scratch_{os.getpid()}"
    _run("createdb", [name])
    try:
        _run("pg_restore", ["--no-owner", "--exit-on-error", "-d", name, str(copied)])
        with database("scratch", NAME=name) as alias:
            yield alias
    finally:
        _run("dropdb", ["--if-exists", name])


def check(copied: Path) -> None:
    """Raises BackupError when the copy itself is damaged."""
    if engine() != "sqlite":
        _run("pg_restore", ["--list", str(copied)])
        return
    try:
        with _plain_sqlite(copied) as connection:
            answer = connection.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise BackupError(f"the copy is no database: {error}") from error
    if answer != "ok":
        raise BackupError(f"the copy is damaged: {answer}")


def put_back(copied: Path, progress: Progress) -> None:
    """Replace the default database's content by the copy's. Nobody may use it."""
    if engine() == "sqlite":
        _put_back_sqlite(copied, progress)
    else:
        _put_back_postgresql(copied)


def sqlite_path() -> Path:
    name = str(connections["default"].settings_dict["NAME"])
    return Path(name.removeprefix("file:").partition("?")[0])


def _put_back_sqlite(copied: Path, progress: Progress) -> None:
    connections["default"].close()
    target = sqlite_path()
    target.parent.mkdir(parents=True, exist_ok=True)
    with _plain_sqlite(target) as written, _plain_sqlite(copied) as source:
        # Only possible when nobody else has it open: a live WAL keeps old rows.
        mode = written.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
        if mode != "delete":
            raise BackupError("the database is still in use by another process")
        source.backup(
            written,
            pages=PAGES,
            progress=lambda _status, left, total: progress(total - left, total),
        )
    target.chmod(0o600)


def _put_back_postgresql(copied: Path) -> None:
    settings = connections["default"].settings_dict
    name = settings["NAME"]
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        if cursor.fetchone()[0]:
            raise BackupError("the database is still in use by another connection")
    connections["default"].close()
    fresh, old = f"{name}_restored", f"{name}_before_restore"
    _run("dropdb", ["--if-exists", fresh])
    _run("createdb", [fresh])
    _run("pg_restore", ["--no-owner", "--exit-on-error", "-d", fresh, str(copied)])
    _run("dropdb", ["--if-exists", old])
    with database("maintenance", NAME="postgres") as alias:
        quote = connections[alias].ops.quote_name
        with connections[alias].cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {quote(name)} RENAME TO {quote(old)}")
            cursor.execute(f"ALTER DATABASE {quote(fresh)} RENAME TO {quote(name)}")


def _binary(name: str) -> str:
    """On the PATH, or where Debian keeps PostgreSQL's newest."""
    places = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), reverse=True)
    found = str(places[0]) if places else shutil.which(name)
    if not found:
        raise BackupError(
            f"{name} is not installed: install PostgreSQL's client programs"
        )
    return found


def _run(name: str, words: list[str], *, database_name: str = "") -> None:
    settings = connections["default"].settings_dict
    environment = {**os.environ, "PGPASSWORD": str(settings["PASSWORD"] or "")}
    for key, variable in (("HOST", "PGHOST"), ("PORT", "PGPORT"), ("USER", "PGUSER")):
        if settings[key]:
            environment[variable] = str(settings[key])
    if database_name:
        environment["PGDATABASE"] = str(database_name)
    done = subprocess.run(  # noqa: S603 - a fixed program, words from our settings
        [_binary(name), *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if done.returncode:
        raise BackupError(f"{name}: {done.stderr.strip()[-500:] or done.returncode}")
