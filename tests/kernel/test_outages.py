"""A database that takes no change, or is damaged, is an outage and not our fault."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from django.db import DatabaseError, InternalError, OperationalError, ProgrammingError
from django.test import RequestFactory

from kernel.error_pages import expected
from kernel.errors import Unavailable
from kernel.outages import Outage, outage


def by(driver: Exception, wrapper: type[Exception] = DatabaseError) -> Exception:
    """As Django raises what a driver said."""
    error = wrapper(str(driver))
    error.__cause__ = driver
    return error


def said_by_sqlite(database: str, statement: str) -> sqlite3.Error:
    with (
        closing(sqlite3.connect(database, uri=True)) as connection,
        pytest.raises(sqlite3.Error) as raised,
    ):
        connection.execute(statement)
    return raised.value


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "here.sqlite3"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript("CREATE TABLE a (b); INSERT INTO a VALUES (1);")
    return path


def test_what_sqlite_says(file: Path) -> None:
    read_only = said_by_sqlite(f"file:{file}?mode=ro", "INSERT INTO a VALUES (2)")
    assert outage(by(read_only, OperationalError)) is Outage.READ_ONLY
    pages = file.read_bytes()
    file.write_bytes(pages[:4096] + b"\xff" * (len(pages) - 4096))
    damaged = said_by_sqlite(f"file:{file}", "SELECT * FROM a")
    assert outage(by(damaged)) is Outage.DAMAGED
    file.write_bytes(b"no database" * 1000)
    assert outage(by(said_by_sqlite(f"file:{file}", "SELECT 1 FROM a"))) is (
        Outage.DAMAGED
    )


@pytest.mark.parametrize(
    ("driver", "what"),
    [
        (psycopg.errors.ReadOnlySqlTransaction("no"), Outage.READ_ONLY),
        (psycopg.errors.IndexCorrupted("no"), Outage.DAMAGED),
        (psycopg.errors.IdleInTransactionSessionTimeout("no"), Outage.AWAY),
        (psycopg.errors.InFailedSqlTransaction("our own mistake"), None),
    ],
)
def test_what_postgresql_says(driver: psycopg.Error, what: Outage | None) -> None:
    assert outage(by(driver, InternalError)) is what


def test_what_is_none() -> None:
    assert outage(OperationalError("gone")) is Outage.AWAY
    wrong = said_by_sqlite(":memory:", "SELECT 1 FROM nowhere")
    for error in (None, ValueError("x"), by(psycopg.errors.UndefinedTable("t"))):
        assert outage(error) is None
    for wrapper in (OperationalError, ProgrammingError):
        assert outage(by(wrong, wrapper)) is None


@pytest.mark.parametrize("what", Outage)
def test_who_asked_reads_what_became_of_it(what: Outage) -> None:
    said = {
        Outage.AWAY: OperationalError("gone"),
        Outage.READ_ONLY: by(psycopg.errors.ReadOnlySqlTransaction("no")),
        Outage.DAMAGED: by(psycopg.errors.DataCorrupted("no")),
    }
    for method, words in (("get", ""), ("post", "saved|arrived|damaged")):
        request = getattr(RequestFactory(), method)("/trades/")
        refused = expected(request, said[what])
        assert isinstance(refused, Unavailable)
        assert (refused.status, refused.code) == (503, "database")
        assert not words or any(word in refused.detail for word in words.split("|"))
