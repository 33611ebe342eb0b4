"""The page of an outage says since when it is so, and who knows: without a query."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.cache import cache
from django.db import OperationalError, connection
from django.db.backends.signals import connection_created
from django.test import RequestFactory
from django.utils import timezone

from kernel import outage_notes
from kernel.error_pages import answer_error, expected
from operations.domain.silences import Hush
from operations.services import liveness, spool
from operations.services.spool import Firing, Sent, SpooledNotice
from tests.html import text_of

FIRST = datetime.fromisoformat("2026-03-01T03:12:05+00:00")
NOBODY = "Nobody has been told by this page; /health says more"


@pytest.fixture(autouse=True)
def own_state(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """No outage before, no spool; and nobody may ask the database."""
    settings.STATE_DIR = tmp_path
    monkeypatch.setattr(outage_notes, "_met", outage_notes._Met())
    cache.set("demo_data", False)
    with connection.execute_wrapper(_refuse):
        yield


def _refuse(*args: Any) -> None:
    raise AssertionError("a page about the database must not ask it")


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The time; set its first element."""
    clock = [FIRST]
    monkeypatch.setattr(timezone, "now", lambda: clock[0])
    return clock


def page_of_outage() -> str:
    request = RequestFactory().get("/portfolio/")
    error = expected(request, OperationalError("connection refused"))
    assert error is not None
    return text_of(answer_error(request, error).content.decode())


def fires(
    at: datetime, *uids: str, told: bool = True, silence: Hush | None = None
) -> None:
    people = tuple(
        SpooledNotice(uid=uid, recipient=uid, address=f"{uid}@example.test")
        for uid in uids
    )
    spool.append(
        Firing(
            alert="a", entry="e", at=at.isoformat(), severity="P0", threshold="0",
            failures=1, text="gone", subject="s", body="b", notices=people, told=told, silence=silence,
        )
    )  # fmt: skip


def test_it_says_since_when_this_process_knows(at: list[datetime]) -> None:
    page_of_outage()
    at[0] = FIRST + timedelta(minutes=4)
    page = page_of_outage()
    assert "Since 1 Mar 2026, 03:12:05 UTC" in page
    assert NOBODY in page


def connect() -> None:
    made = SimpleNamespace(vendor="any")
    connection_created.send(sender=SimpleNamespace, connection=made)


def test_a_server_that_takes_connections_and_hangs_is_one_outage(
    at: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each new connection began it anew, and dropped what `watch` knew."""
    for minutes in range(5):
        at[0] = FIRST + timedelta(minutes=minutes)
        connect()
        page = page_of_outage()
    assert "Since 1 Mar 2026, 03:12:05 UTC" in page


def test_what_a_watch_that_lives_noted_holds_through_new_connections(
    at: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    with liveness.watching():
        fires(FIRST - timedelta(seconds=20), "olga")
        connect()
        at[0] = FIRST + timedelta(minutes=9)
        page = page_of_outage()
    assert "Since 1 Mar 2026, 03:11:45 UTC" in page
    assert "nobody told yet, 1 message waits" in page


def test_a_silenced_one_says_so(at: list[datetime]) -> None:
    hush = Hush(
        uid="u", rule="database", target="", by="ada", reason="moved", ends_at=FIRST
    )
    fires(FIRST, told=False, silence=hush)
    page = page_of_outage()
    assert "nobody told yet (silenced by ada until 1 Mar, 03:12 UTC: moved)" in page


def test_a_failure_of_long_ago_was_another_outage(
    at: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    page_of_outage()
    later = outage_notes._met.last + 61
    monkeypatch.setattr("kernel.outage_notes.time.monotonic", lambda: later)
    at[0] = FIRST + timedelta(hours=3)
    assert "Since 1 Mar 2026, 06:12:05 UTC" in page_of_outage()


def test_it_says_who_was_told_by_watch(at: list[datetime], settings: Any) -> None:
    settings.EMAIL_URL = "smtp://mail.example.com"
    fires(FIRST - timedelta(seconds=20), "olga", "otto")
    page = page_of_outage()
    assert "Since 1 Mar 2026, 03:11:45 UTC" in page
    assert "Its alert fires: nobody told yet, 2 messages wait" in page
    for uid in ("olga", "otto"):
        spool.append(Sent(notice=uid, at=FIRST.isoformat()))
    assert "Its alert fires: 2 people told" in page_of_outage()
    settings.EMAIL_URL = ""
    assert "2 people told in a file: no EMAIL_URL is set" in page_of_outage()


def test_an_alert_without_anybody_to_tell_says_so(at: list[datetime]) -> None:
    fires(FIRST)
    page = page_of_outage()
    assert "nobody told yet (no active Operator has a mail address)" in page


def test_what_a_watch_that_is_gone_left_is_no_outage_of_now(
    at: list[datetime],
) -> None:
    fires(FIRST - timedelta(hours=5), "olga")
    outage_notes.answered()
    at[0] = FIRST + timedelta(minutes=1)
    page = page_of_outage()
    assert "Since 1 Mar 2026, 03:13:05 UTC" in page
    assert NOBODY in page


def test_other_errors_tell_of_no_outage(at: list[datetime]) -> None:
    request = RequestFactory().get("/portfolio/")
    error = expected(request, OSError(28, "No space left on device"))
    assert error is not None
    assert "Who knows" not in answer_error(request, error).content.decode()
