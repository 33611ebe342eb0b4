"""SQLite is copied by its backup API: copying a live WAL file loses rows."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connections, transaction

from kernel.files import replacing
from operations.services.backups.copies import (
    BackupError,
    Marker,
    Progress,
    marker,
    second_connection,
)

SUFFIX = "sqlite3"
PAGES = 1000  # copied at a time


def database_path() -> Path:
    """The file of the default database."""
    name = str(connections["default"].settings_dict["NAME"])
    return Path(name.removeprefix("file:").partition("?")[0])


def take_copy(target: Path, progress: Progress) -> Marker:
    settings = connections["default"].settings_dict
    options = {**settings["OPTIONS"], "transaction_mode": "DEFERRED"}
    with (
        second_connection("backup", OPTIONS=options) as alias,
        transaction.atomic(using=alias),
        _plain(target) as copied,
    ):
        # The first read pins the snapshot that the copy is then taken from.
        facts = marker(alias)
        connections[alias].connection.backup(
            copied,
            pages=PAGES,
            progress=lambda _status, left, total: progress(total - left, total),
        )
    return facts


@contextmanager
def opened(copied: Path) -> Iterator[str]:
    with second_connection("scratch", NAME=f"file:{copied}?mode=rw") as alias:
        yield alias


def check(copied: Path) -> None:
    try:
        with _plain(copied) as connection:
            answer = connection.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.DatabaseError as error:
        raise BackupError(f"the copy is no database: {error}") from error
    if answer != "ok":
        raise BackupError(f"the copy is damaged: {answer}")


def refuse_others() -> None:
    connections["default"].close()
    if database_path().exists():
        with _plain(database_path()) as connection:
            _leave_wal(connection)


def _leave_wal(connection: sqlite3.Connection) -> None:
    """Only possible when nobody else has it open: a live WAL keeps old rows."""
    try:
        mode = connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
    except sqlite3.OperationalError as error:
        raise BackupError(f"the database is still in use: {error}") from error
    if mode != "delete":
        raise BackupError("the database is still in use by another process")


def put_back(copied: Path, progress: Progress) -> None:
    connections["default"].close()
    target = database_path()
    target.parent.mkdir(parents=True, exist_ok=True)
    with _plain(target) as written, _plain(copied) as source:
        _leave_wal(written)
        source.backup(
            written,
            pages=PAGES,
            progress=lambda _status, left, total: progress(total - left, total),
        )
    target.chmod(0o600)


def write_to(copied: Path, target: str) -> None:
    """`target` is a file, which must not be there yet."""
    path = Path(target)
    if path.exists():
        raise BackupError(f"{target} is there already: name another file")
    try:
        with copied.open("rb") as source, replacing(path) as file:
            shutil.copyfileobj(source, file)
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror}") from error


@contextmanager
def _plain(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path)
    try:
        yield connection
    finally:
        connection.close()
