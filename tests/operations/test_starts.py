"""When the web processes were started, and with which settings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

import pytest
from django.db import OperationalError
from django.test import Client

from audit.models import AuditEvent, guard
from kernel import build, configuration, http
from operations import queries
from operations.models import ProcessStart
from operations.queries.starts import SETTINGS_CHANGED
from operations.services import starts

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def start(minutes: float, digest: str) -> ProcessStart:
    """Of a web process with these settings."""
    with patch("kernel.configuration.running", lambda: digest):
        return starts.record(NOON + timedelta(minutes=minutes))


def test_nothing_is_known_before_the_first_start() -> None:
    assert queries.configuration() is None


def test_a_start_is_recorded_with_its_commit_and_settings() -> None:
    made = starts.record(NOON)
    assert (made.commit, made.configuration, made.at) == (
        build.running().commit,
        configuration.running(),
        NOON,
    )


def test_a_start_with_the_same_settings_changes_nothing() -> None:
    for minutes, digest in ((0, "old"), (5, "new"), (6, "new"), (9, "new")):
        start(minutes, digest)
    now = queries.configuration()
    assert now == queries.Configuration("new", NOON + timedelta(minutes=5))


def test_going_back_to_the_old_settings_is_a_change_too() -> None:
    for minutes, digest in ((0, "old"), (5, "new"), (9, "old")):
        start(minutes, digest)
    now = queries.configuration()
    assert now == queries.Configuration("old", NOON + timedelta(minutes=9))


def test_a_row_that_is_taken_back_to_older_settings_is_not_believed() -> None:
    start(0, "old")
    start(5, "new")
    ProcessStart.objects.update(configuration="old")
    now = queries.configuration()
    assert now == queries.Configuration("new", NOON + timedelta(minutes=5))
    ProcessStart.objects.all().delete()
    assert queries.configuration() == now


def test_settings_of_which_the_log_tells_no_more_are_no_product_s() -> None:
    """What was seen with the older ones does not count, either."""
    start(0, "old")
    start(5, "new")
    guard.remove()
    newest = AuditEvent.objects.filter(kind=SETTINGS_CHANGED).latest("seq")
    body = bytes(newest.body).replace(b"new", b"old")
    AuditEvent.objects.filter(pk=newest.pk).update(body=body)
    now = queries.configuration()
    assert now is not None
    assert now.digest not in {"old", "new"}


def test_old_starts_are_forgotten_and_the_newest_never_is() -> None:
    start(0, "old")
    starts.record(NOON + timedelta(days=41))
    assert [row.configuration for row in ProcessStart.objects.all()] == [
        configuration.running()
    ]


def test_a_database_that_is_away_is_waited_for(monkeypatch) -> None:
    tries: list[datetime] = []

    def record(at: datetime) -> None:
        tries.append(at)
        if len(tries) == 1:
            raise OperationalError("away")

    monkeypatch.setattr(starts, "record", record)
    monkeypatch.setattr(starts, "AGAIN_SECONDS", 0)
    monkeypatch.setattr("operations.services.starts.connection.close", lambda: None)
    starts._until_recorded(NOON)
    assert tries == [NOON, NOON]


@pytest.mark.parametrize("path", ["/health", "/health/live"])
def test_only_our_own_requests_see_the_digest(client: Client, path: str) -> None:
    signed = {http.OWN_HEADER: http.own_signature(path)}
    assert client.get(path, headers=signed)["X-RRR-Configuration"] == (
        configuration.running()
    )
    for headers in ({}, {http.OWN_HEADER: "0" * 64}):
        assert "X-RRR-Configuration" not in client.get(path, headers=headers)


def test_people_see_when_the_web_was_started_and_that_settings_changed(
    desk: Client,
) -> None:
    start(0, "old")
    start(5, "new")
    page = desk.get("/operations/").content.decode()
    assert page.count("web started") == 2
    assert page.count("with other settings than before") == 1
