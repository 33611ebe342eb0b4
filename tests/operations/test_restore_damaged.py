"""A restore when it is needed most: what is here now is damaged, or there is no room."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import connection, connections

from accounts.models import User
from kernel import blobs, registry
from kernel.half_restored import pending_file
from operations.services.backups import (
    copies,
    engines,
    postgresql,
    restoring,
    sqlite,
    taking,
)
from tests.operations.commands import restore

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.process,
    pytest.mark.usefixtures("state"),
]


def test_what_cannot_be_saved_first_is_refused_and_the_way_on_is_named(
    person: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = taking.take("system")
    person("late", "Viewer")

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(engines.engine(), "take_copy", full)
    with pytest.raises(CommandError, match=r"--without-saving .* is lost") as refused:
        restore(backup.location)
    assert "No space left on device" in str(refused.value)
    assert User.objects.filter(username="late").exists()
    assert not pending_file().exists()
    assert "restored to" in restore(backup.location, "--without-saving")
    assert not User.objects.filter(username="late").exists()


@pytest.mark.embedded
def test_a_damaged_database_is_moved_aside_and_replaced(
    state: Path, person: Callable[..., User], settings: Any
) -> None:
    person("olga", "Operator")
    backup = taking.take("system")
    here = sqlite.database_path()
    whole = here.read_bytes()
    connections["default"].close()
    lost = state / "rrr.sqlite3"
    lost.write_bytes(b"no database" + whole[11:])
    with copies.standing_in(NAME=f"file:{lost}?mode=rw"):
        with pytest.raises(CommandError, match="--without-saving"):
            restore(backup.location)
        assert lost.read_bytes()[:11] == b"no database"
        said = restore(backup.location, "--without-saving")
        assert User.objects.filter(username="olga").exists()
    (aside,) = state.glob("rrr.sqlite3.damaged-*")
    assert aside.read_bytes()[:11] == b"no database"
    assert str(aside) in said
    assert lost.stat().st_mode & 0o777 == 0o600


def test_somebody_elses_database_is_not_restored_over(state: Path) -> None:
    backup = taking.take("system")
    if connection.vendor == "sqlite":
        other = f"file:{state / 'other.sqlite3'}?mode=rwc"
        dropped: Callable[[], None] = lambda: None  # noqa: E731
    else:
        other = f"rrr_other_{os.getpid()}"
        postgresql._run("createdb", other)
        dropped = lambda: postgresql._run("dropdb", other)  # noqa: E731
    try:
        with copies.standing_in(NAME=other):
            with connection.cursor() as cursor:
                cursor.execute("CREATE TABLE theirs (id integer)")
            with pytest.raises(CommandError, match="no database of this product"):
                restore(backup.location)
            assert connection.introspection.table_names() == ["theirs"]
    finally:
        dropped()


def test_a_damaged_document_is_replaced_by_the_one_that_was_filed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    digest = blobs.keep(b"what ada saw")
    monkeypatch.setattr(registry, "BLOB_NAMES", [lambda alias: {digest}])
    backup = taking.take("system")
    blobs.blob_path(digest).write_bytes(b"what mallory wants")
    restore(backup.location)
    assert blobs.blob_path(digest).read_bytes() == b"what ada saw"


def test_filing_it_again_mends_a_damaged_document() -> None:
    digest = blobs.keep(b"what ada saw")
    blobs.blob_path(digest).write_bytes(b"half")
    assert blobs.keep(b"what ada saw") == digest
    assert blobs.blob_path(digest).read_bytes() == b"what ada saw"


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.DatabaseError("database disk image is malformed"),
        subprocess.TimeoutExpired("pg_restore", 3600),
        CommandError("a migration broke"),
    ],
    ids=["sqlite", "a program", "a migration"],
)
@pytest.mark.parametrize("swapping", [False, True], ids=["before", "in the swap"])
def test_whatever_breaks_a_restore_is_a_sentence_and_leaves_what_was_there_open(
    state: Path,
    person: Callable[..., User],
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    swapping: bool,
) -> None:
    backup = taking.take("system")
    person("late", "Viewer")
    marked: list[bool] = []

    def broken(*args: object) -> None:
        marked.append(pending_file().exists())
        raise error

    swap = "_write_into" if connection.vendor == "sqlite" else "_rename"
    if swapping:
        monkeypatch.setattr(engines.engine(), swap, broken)
    else:
        monkeypatch.setattr(restoring, "_put_to_rest", broken)
    with pytest.raises(CommandError, match=r"malformed|timed out|broke"):
        restore(backup.location)
    assert marked == [swapping]
    assert not pending_file().exists(), "nothing is half: it may be opened"
    assert User.objects.filter(username="late").exists()
    assert not any("scratch" in name for name in databases_beside())


def databases_beside() -> list[str]:
    if connection.vendor == "sqlite":
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)",
            [postgresql._scratch_beginning()],
        )
        return [name for (name,) in cursor.fetchall()]


@pytest.mark.embedded
def test_a_log_of_a_database_that_is_gone_is_not_read_into_the_new_one(
    state: Path, person: Callable[..., User]
) -> None:
    """SQLite reads whatever lies beside the file and has its name."""
    person("olga", "Operator")
    backup = taking.take("system")
    lost = state / "rrr.sqlite3"
    with sqlite3.connect(lost) as other:
        other.execute("PRAGMA journal_mode=WAL")
        other.execute("CREATE TABLE theirs (id integer)")
        other.commit()
        shutil.copyfile(f"{lost}-wal", state / "kept-wal")
    other.close()
    lost.unlink()
    (state / "kept-wal").rename(f"{lost}-wal")
    with copies.standing_in(NAME=f"file:{lost}?mode=rw"):
        assert f"{lost}.damaged-" in restore(backup.location)
        assert User.objects.filter(username="olga").exists()
    with sqlite3.connect(lost) as whole:
        assert whole.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    whole.close()
    (aside,) = state.glob("rrr.sqlite3.damaged-*")
    assert aside.name.endswith("-wal")
