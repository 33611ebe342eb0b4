"""The database goes, comes back and goes again: people hear of it both times."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

from accounts.models import User
from tests.faults.lonely_watch import lonely_watch
from tests.served import until
from tests.slowness import Slowness

pytestmark = [
    pytest.mark.process,
    pytest.mark.embedded,
    pytest.mark.django_db(transaction=True),
]
SUBJECT = re.compile(r"^Subject: \[P0\] Database connection failures (.+) on", re.M)


def copied(target: Path) -> Path:
    """This test's database, as a file of its own."""
    with (
        closing(sqlite3.connect(connection.settings_dict["NAME"])) as ours,
        closing(sqlite3.connect(target)) as copy,
    ):
        ours.backup(copy)
        copy.execute("PRAGMA journal_mode=WAL")
    return target


def words(mail: Path) -> list[str]:
    """What was mailed, the oldest first."""
    files = sorted(mail.glob("*.log"), key=lambda file: file.stat().st_mtime_ns)
    return [word for file in files for word in SUBJECT.findall(file.read_text())]


def test_a_second_outage_soon_after_resolved_is_mailed_within_half_a_minute(
    tmp_path: Path,
    person: Callable[..., User],
    factor: Slowness,
    seen: Callable[[str, str, str], None],
) -> None:
    person("olga", "Operator")
    database = copied(tmp_path / "rrr.sqlite3")
    away, mail = tmp_path / "away.sqlite3", tmp_path / "mail"
    with lonely_watch(f"file:{database}?mode=rw", tmp_path):
        assert until(30 * factor, (tmp_path / "paging.json").exists)
        waits = []
        for told in (
            ["firing"],
            ["firing", "resolved"],
            ["firing", "resolved", "firing again"],
        ):
            if len(told) == 2:
                away.rename(database)
            else:
                database.rename(away)
            began = time.monotonic()
            assert until(30 * factor, lambda: words(mail) == told), words(mail)  # noqa: B023
            waits.append(time.monotonic() - began)
        away.rename(database)
    seen(
        "the database is away, back, and away again",
        "each is mailed ≤ 30 s",
        ", ".join(f"{wait:.0f} s" for wait in waits),
    )
