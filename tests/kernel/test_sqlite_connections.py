"""A connection to the embedded database outlives requests, but not its file."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import OperationalError, connection

from kernel import patience
from kernel.sqlite.base import WEB_CACHE_KB, DatabaseWrapper

pytestmark = [pytest.mark.embedded, pytest.mark.django_db]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "desk.sqlite3"


@pytest.fixture
def kept(path: Path) -> Iterator[DatabaseWrapper]:
    """A connection that opens an existing file only, as after the first start."""
    path.touch()
    given: Any = {
        **connection.settings_dict,
        "NAME": f"file:{path}?mode=rw",
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
    wrapper = DatabaseWrapper(given, alias="kept")
    wrapper.inc_thread_sharing()
    with wrapper.cursor() as cursor:
        cursor.execute("CREATE TABLE held (number INTEGER)")
        cursor.execute("INSERT INTO held VALUES (1)")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    yield wrapper
    wrapper.close()


def numbers(wrapper: DatabaseWrapper) -> list[int]:
    """What the next request reads."""
    wrapper.close_if_unusable_or_obsolete()
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT number FROM held")
        return [number for (number,) in cursor.fetchall()]


def test_the_next_request_has_the_same_connection(kept: DatabaseWrapper) -> None:
    first = kept.connection
    assert numbers(kept) == [1]
    assert kept.connection is first


def test_a_vanished_file_is_an_error_and_no_empty_database(
    kept: DatabaseWrapper, path: Path
) -> None:
    shutil.copy(path, path.with_suffix(".aside"))
    for file in path.parent.glob("desk.sqlite3*"):
        file.unlink()
    for _ in range(2):
        with pytest.raises(OperationalError, match="unable to open"):
            numbers(kept)
    assert not path.exists()
    path.with_suffix(".aside").rename(path)
    assert numbers(kept) == [1]


def test_a_file_that_was_put_in_its_place_is_read(
    kept: DatabaseWrapper, path: Path
) -> None:
    copy = path.with_suffix(".copy")
    shutil.copy(path, copy)
    kept.cursor().execute("INSERT INTO held VALUES (2)")
    assert numbers(kept) == [1, 2]
    for file in path.parent.glob("desk.sqlite3*"):
        file.unlink()
    copy.rename(path)
    assert numbers(kept) == [1]


def test_a_web_process_keeps_little_of_it_in_memory(
    path: Path, monkeypatch: pytest.MonkeyPatch, kept: DatabaseWrapper
) -> None:
    assert cache_kb(kept) == 64_000
    monkeypatch.setattr(patience, "_ours", patience.Patience())
    kept.close()
    assert cache_kb(kept) == WEB_CACHE_KB


def cache_kb(wrapper: DatabaseWrapper) -> int:
    [(pages,)] = wrapper.cursor().execute("PRAGMA cache_size")
    return -int(pages)


def test_the_product_keeps_its_connections() -> None:
    options = settings.DATABASES["default"]
    assert options["CONN_MAX_AGE"] > 0
    assert options["CONN_HEALTH_CHECKS"]
