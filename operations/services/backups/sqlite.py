"""SQLite is copied by its backup API: copying a live WAL file loses rows."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from django.db import connections, transaction
from django.utils import timezone

from kernel.files import replacing
from kernel.sqlite.base import file_of
from operations.domain.asides import STAMP, Aside
from operations.services.backups.copies import (
    BackupError,
    Marker,
    Progress,
    Ready,
    marker,
    second_connection,
    standing_in,
)

SUFFIX = "sqlite3"
PAGES = 1000  # copied at a time
# What SQLite keeps beside a database, and would read into whatever has its name.
BESIDE = ("-wal", "-shm", "-journal")
IS_BESIDE = re.compile(r"-(wal|shm|journal)$")
DAMAGED = ".damaged-"
IN_USE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def database_path() -> Path:
    """The file of the default database."""
    return file_of(connections["default"].settings_dict["NAME"])


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


def there() -> bool:
    path = database_path()
    return path.exists() and path.stat().st_size > 0


def refuse_others() -> None:
    connections["default"].close()
    # What is damaged is of no use to a program that holds no lock of ours either.
    with suppress(sqlite3.DatabaseError):
        if database_path().exists():
            with _plain(database_path()) as connection:
                _leave_wal(connection)


def _leave_wal(connection: sqlite3.Connection) -> None:
    """Only possible when nobody else has it open: a live WAL keeps old rows. Raises
    sqlite3.DatabaseError where it is no database any more."""
    try:
        mode = connection.execute("PRAGMA journal_mode=DELETE").fetchone()[0]
    except sqlite3.OperationalError as error:
        in_use = error.sqlite_errorcode & 0xFF in IN_USE
        why = "is still in use" if in_use else "cannot be changed"
        raise BackupError(f"the database {why}: {error}") from error
    if mode != "delete":
        raise BackupError("the database is still in use by another process")


def put_back(
    copied: Path,
    ready: Ready,
    swapping: AbstractContextManager[None],
    progress: Progress,
) -> Aside | None:
    _make_ready(copied, ready)
    connections["default"].close()
    target = database_path()
    target.parent.mkdir(parents=True, exist_ok=True)
    with swapping:
        if not there() or _is_damaged(target):
            return _replace(target, copied)
        _write_into(target, copied, progress)
        return None


def _make_ready(copied: Path, ready: Ready) -> None:
    with standing_in(NAME=f"file:{copied}?mode=rw"):
        ready()
    with _plain(copied) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _write_into(target: Path, copied: Path, progress: Progress) -> None:
    """All of it is one transaction of SQLite's, which rolls back what a crash or a full
    disk cuts short; whoever still has the file open sees the one or the other."""
    with _plain(target) as written, _plain(copied) as source:
        _leave_wal(written)
        source.backup(
            written,
            pages=PAGES,
            progress=lambda _status, left, total: progress(total - left, total),
        )
    target.chmod(0o600)


def _is_damaged(path: Path) -> bool:
    """Is it no database any more, which nothing can be written into?"""
    try:
        with _plain(path) as connection:
            _leave_wal(connection)
    except sqlite3.DatabaseError:
        return True
    return False


def _replace(target: Path, copied: Path) -> Aside | None:
    """Once all of the new one is on the disk, what has its name is moved aside."""
    with copied.open("rb") as source, replacing(target) as file:
        shutil.copyfileobj(source, file)
        file.flush()
        os.fsync(file.fileno())
        return _move_aside(target)


def _move_aside(path: Path) -> Aside | None:
    """With what SQLite keeps beside it, which may be there without it."""
    moved = path.with_name(f"{path.name}{DAMAGED}{timezone.now():{STAMP}}")
    for ending in (*BESIDE, ""):
        with suppress(FileNotFoundError):
            path.with_name(path.name + ending).rename(
                moved.with_name(moved.name + ending)
            )
    return next((aside for aside in set_aside() if aside.name == str(moved)), None)


def set_aside() -> list[Aside]:
    path = database_path()
    sizes: Counter[str] = Counter()
    for part in sorted(path.parent.glob(f"{path.name}{DAMAGED}*")):
        sizes[IS_BESIDE.sub("", str(part))] += part.stat().st_size
    return [
        Aside(name=moved, bytes=size, command=f"rm {moved}*")
        for moved, size in sizes.items()
    ]


def write_to(copied: Path, target: str, ready: Ready) -> None:
    """`target` is a file, which must not be there yet."""
    path = Path(target)
    if path.exists():
        raise BackupError(f"{target} is there already: name another file")
    _make_ready(copied, ready)
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
