"""A full disk is known from what drivers and the system say, however it is wrapped."""

from __future__ import annotations

import errno
import sqlite3

import psycopg
import pytest
from django.db import OperationalError
from django.test import RequestFactory

from kernel.disk import is_full
from kernel.error_pages import expected
from kernel.errors import NoRoom, Unavailable


def full_database() -> sqlite3.OperationalError:
    """What SQLite itself says of a file that may not grow."""
    with pytest.raises(sqlite3.OperationalError) as raised:
        sqlite3.connect(":memory:").executescript(
            "PRAGMA max_page_count = 2; CREATE TABLE a (b);"
            "INSERT INTO a VALUES (randomblob(100000));"
        )
    return raised.value


def wrapped(cause: Exception) -> OperationalError:
    error = OperationalError(str(cause))
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        psycopg.errors.DiskFull("could not extend file"),
    ],
)
def test_what_says_that_a_disk_is_full(error: Exception) -> None:
    assert is_full(error)
    assert is_full(wrapped(error))
    assert is_full(wrapped(full_database()))


@pytest.mark.parametrize(
    "error", [None, OSError(errno.EIO, "no"), wrapped(sqlite3.OperationalError("x"))]
)
def test_what_does_not(error: Exception | None) -> None:
    assert not is_full(error)


def test_whoever_wanted_to_write_reads_that_nothing_was_saved() -> None:
    request, error = RequestFactory(), wrapped(full_database())
    refused = expected(request.post("/trades/"), error)
    assert isinstance(refused, NoRoom)
    assert (refused.status, refused.code, refused.retry_after) == (507, "disk_full", 60)
    assert "Nothing of your change was saved" in refused.detail
    shown = expected(request.get("/trades/"), error)
    assert shown is not None
    assert "your change" not in shown.detail
    silent = expected(request.post("/trades/"), OperationalError("gone"))
    assert isinstance(silent, Unavailable)
