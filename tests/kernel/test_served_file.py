"""The file that is served: another under its name is opened by nobody."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, connection

from kernel.sqlite import served_file
from kernel.sqlite.base import DatabaseWrapper

pytestmark = [pytest.mark.embedded, pytest.mark.django_db]


@pytest.fixture
def database(tmp_path: Path, settings: Any) -> Path:
    settings.STATE_DIR = tmp_path
    return made(tmp_path / "desk.sqlite3")


def made(path: Path) -> Path:
    with closing(sqlite3.connect(path)) as new:
        new.execute("CREATE TABLE kept (name)")
    return path


def opened(path: Path) -> None:
    given: Any = {**connection.settings_dict, "NAME": f"file:{path}?mode=rw"}
    wrapper = DatabaseWrapper(given, alias="opened")
    try:
        wrapper.ensure_connection()
    finally:
        wrapper.close()


def test_without_a_note_any_file_is_the_database(database: Path) -> None:
    opened(database)
    served_file.note(database)
    made(database.with_name("new")).replace(database)
    served_file.forget()
    opened(database)


def test_another_file_is_not_opened_until_the_one_that_was_there_is_back(
    database: Path,
) -> None:
    served_file.note(database)
    opened(database)
    aside = database.rename(database.with_name("aside"))
    made(database)
    with pytest.raises(OperationalError, match="was replaced by another file"):
        opened(database)
    aside.replace(database)
    opened(database)


def test_a_file_that_is_gone_is_not_called_another(database: Path) -> None:
    served_file.note(database)
    database.unlink()
    assert not served_file.another(database)


def test_other_files_are_nobodys_business(database: Path, tmp_path: Path) -> None:
    served_file.note(database)
    opened(made(tmp_path / "scratch.sqlite3"))


def test_a_note_that_cannot_be_read_is_none(database: Path, tmp_path: Path) -> None:
    (tmp_path / "database.served").write_bytes(b"\xff half")
    opened(database)


def test_what_belongs_to_the_file_before_is_moved_out_of_reach(database: Path) -> None:
    served_file.note(database)
    log = Path(f"{database}-wal")
    log.write_bytes(b"of the one before")
    assert served_file.part(database) == []
    made(database.with_name("new")).replace(database)
    (moved,) = served_file.part(database)
    assert moved.read_bytes() == b"of the one before"
    assert not log.exists()
