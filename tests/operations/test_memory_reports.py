"""Memory is told by every host, whatever runs there; and a host that is gone is not
said to have recovered."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.models import User
from kernel.redis import client
from operations.models import Alert, Notice, Rule
from operations.services import alerting, memory
from tests.faults.lonely_watch import lonely_watch
from tests.operations.test_engine_processes import CELERY, python
from tests.served import until

HERE, THERE = "host-1", "host-2"


@pytest.fixture(autouse=True)
def silence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has reported: nor does this process, where a test served a page."""
    monkeypatch.setattr(memory, "report", lambda: None)
    client().delete(memory._key())


def reported() -> bool:
    return bool(client().hgetall(memory._key()))


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_a_host_with_only_a_worker_reports() -> None:
    words = ("worker", "-Q", "heavy", "-c", "1", "-l", "warning", "-n", "memory@%h")
    worker = python(CELERY, "-q", *words)
    try:
        assert until(120, reported)
    finally:
        worker.terminate()
        worker.communicate(timeout=60)


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
def test_a_host_with_only_a_watch_reports(tmp_path: Path) -> None:
    with lonely_watch(str(connection.settings_dict["NAME"]), tmp_path):
        assert until(120, reported)


def report(host: str, percent: int, at: datetime) -> None:
    text = json.dumps({"value": str(percent), "at": at.timestamp()})
    client().hset(memory._key(), host, text)


@pytest.mark.django_db
def test_of_a_host_that_is_gone_people_hear_that_nothing_is_read_any_more(
    operator: User, desk: Client, memory_rule: Rule
) -> None:
    began = timezone.now()
    for seconds in range(0, 41, 10):
        at = began + timedelta(seconds=seconds)
        report(HERE, 10, at)
        report(THERE, 99, at)
        alerting.evaluate(at)
    alert = Alert.objects.get(rule="memory")
    assert (alert.state, alert.target) == ("firing", THERE)
    for minutes in (2, 9, 12):
        at = began + timedelta(minutes=minutes)
        report(HERE, 10, at)
        alerting.evaluate(at)
    notices = Notice.objects.filter(about=f"alert:{alert.uid}").order_by("pk")
    assert [notice.level for notice in notices] == ["firing", "no longer read"]
    last = notices[1]
    assert "resolved" not in last.subject + last.body
    assert "whether it is well again is not known" in last.body
    page = desk.get(f"/alerts/{alert.uid}/").content.decode()
    assert "No longer read" in page
    assert "Resolved" not in page.partition('class="timeline"')[2]
    assert "chip--ok" not in page.partition('class="beside"')[0]


@pytest.mark.django_db
def test_a_host_that_flapped_and_is_gone_leaves_no_word_open(
    operator: User, memory_rule: Rule
) -> None:
    """While it is unsettled "resolved" waits for quiet; for this one nobody waits."""
    began = timezone.now()
    looks = [99] * 5 + [10] * 5 + [99] * 2
    for number, percent in enumerate(looks):
        at = began + timedelta(seconds=10 * number)
        report(HERE, 10, at)
        report(THERE, percent, at)
        alerting.evaluate(at)
    assert Alert.objects.get(rule="memory").unsettled
    at = began + timedelta(minutes=20)
    report(HERE, 10, at)
    alerting.evaluate(at)
    levels = Notice.objects.filter(subject__contains="memory").order_by("pk")
    assert [*levels.values_list("level", flat=True)] == [
        "firing",
        "resolved",
        "firing again",
        "no longer read",
    ]


@pytest.mark.django_db
def test_what_reports_nobody_can_read_ends_no_reporting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tries: list[float] = []

    def fails() -> None:
        tries.append(time.monotonic())
        raise ValueError("nobody thought of this")

    monkeypatch.setattr(memory, "report", fails)
    monkeypatch.setattr(memory, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(memory, "_reporting", None)
    memory.keep_reporting()
    assert until(10, lambda: len(tries) > 2)
    thread = memory._reporting
    memory.keep_reporting()
    assert memory._reporting is thread, "one thread is enough"
    # Slow again: the thread of this test goes on with the process.
    monkeypatch.setattr(memory, "EVERY_SECONDS", 3600.0)
    time.sleep(0.05)
