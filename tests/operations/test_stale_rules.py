"""Rules about what should have happened and did not: each fires by its fault, and
neither fires nor stays silent by what only looks like it."""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from datetime import datetime
from typing import Any, NoReturn

import pytest
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from accounts.models import User
from accounts.probes.audit_log import audit_log
from audit import queries as audit
from kernel import looked_after
from operations.domain.seeds import SEEDS
from operations.models import (
    Alert,
    Backup,
    Job,
    JobRun,
    Notice,
    ProbeResult,
    RestoreDrill,
    Rule,
)
from operations.queries import health, lateness
from operations.services.outbox import Announcement, Recipient, queue
from tests.operations.well import HOUR, firing, look, told
from tests.served import until

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("operator", "silent_bell", "well"),
]


def backup_of(at: datetime, **values: Any) -> None:
    Backup.objects.all().delete()
    given = {"status": "verified", "started_at": at, "finished_at": at}
    backup = Backup.objects.create(engine="sqlite", **{**given, **values})
    RestoreDrill.objects.create(
        backup=backup,
        started_at=timezone.now(),
        finished_at=timezone.now(),
        ok=True,
        environment=settings.RRR_ENV,
    )


@pytest.mark.parametrize(
    ("hours", "values", "overdue"),
    [
        (25, {}, False),
        (26, {}, False),
        (27, {}, True),
        (1, {"status": "failed"}, True),
        (1, {"status": "running", "finished_at": None}, True),
        (1, {"of_this_log": False}, True),
        (-48, {}, True),
    ],
    ids=[
        "an hour late",
        "at the threshold",
        "three hours late",
        "one that failed is none",
        "one that never ended is none",
        "one of another history is none",
        "one dated ahead is none",
    ],
)
def test_a_backup_that_is_overdue(
    now: datetime, hours: int, values: dict[str, Any], overdue: bool
) -> None:
    backup_of(now - hours * HOUR, **values)
    look(now, 70)
    assert (("backup-stale", "backups") in firing()) is overdue


def test_a_product_that_was_off_for_long_has_time_to_catch_up(now: datetime) -> None:
    seeds = {seed.name: seed.for_seconds for seed in SEEDS}
    assert seeds["backup-stale"] >= 2 * 300, "the job runs every 5 minutes"
    assert seeds["restore-drill-stale"] > seeds["backup-stale"], (
        "and the drill after it"
    )
    backup_of(now - 72 * HOUR)
    at = look(now, 40)
    assert Alert.objects.get(rule="backup-stale").state == "pending"
    backup_of(at)
    look(at, 70)
    assert not Alert.objects.exclude(fired_at=None).exists()


@pytest.mark.parametrize(
    ("hours", "values", "stale"),
    [
        (47, {}, False),
        (49, {}, True),
        (1, {"ok": False}, True),
        (1, {"environment": "elsewhere"}, True),
        (-48, {}, True),
    ],
    ids=["young", "old", "failed", "of another environment", "dated ahead"],
)
def test_a_drill_that_has_not_succeeded_lately(
    now: datetime, hours: int, values: dict[str, Any], stale: bool
) -> None:
    drilled = now - hours * HOUR
    RestoreDrill.objects.update(started_at=drilled, finished_at=drilled, **values)
    look(now, 70)
    assert (("restore-drill-stale", "backups") in firing()) is stale


def test_a_product_without_any_backup_is_told_of_once_it_could_have_one(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    Backup.objects.all().delete()
    monkeypatch.setattr(lateness, "_installed", lambda at: HOUR)
    look(now, 70)
    assert firing() == set()
    monkeypatch.setattr(lateness, "_installed", lambda at: 3 * HOUR)
    look(now + HOUR, 70)
    assert firing() == {("backup-stale", "backups")}


def test_a_job_that_fails_is_named_with_its_reason_until_it_succeeds(
    now: datetime,
) -> None:
    prune = Job.objects.filter(name="prune")
    prune.update(consecutive_failures=1)
    JobRun.objects.create(
        job=prune.get(), due_at=now, state="failed", error="OSError: no route"
    )
    at = look(now, 40)
    assert firing() == {("job-failing", "prune")}
    alert = Alert.objects.get(rule="job-failing")
    assert "OSError: no route" in alert.timeline.get(kind="firing").text
    prune.update(consecutive_failures=0)
    look(at, 60)
    assert told("job-failing") == ["firing", "resolved"]


@pytest.mark.parametrize("other", ["", "nobody registers this any more"])
def test_a_job_that_fails_once_and_then_succeeds_tells_nobody(
    now: datetime, other: str
) -> None:
    """Nor does one of which only the row is left."""
    if other:
        Job.objects.create(name=other, consecutive_failures=5)
    Job.objects.filter(name="prune").update(consecutive_failures=1)
    at = look(now, 20)
    Job.objects.update(consecutive_failures=0)
    look(at, 60)
    assert not Alert.objects.exclude(fired_at=None).exists()


def word_to_olga(now: datetime, **values: Any) -> Notice:
    level = values["state"]
    announcement = Announcement(
        kind="alert", about="alert:1", level=level, subject="s", body="b"
    )
    queue(announcement, [Recipient(name="olga", address="olga@example.test")], now)
    Notice.objects.filter(level=level).update(**values)
    return Notice.objects.get(level=level)


@pytest.mark.parametrize(
    "values",
    [
        {"state": "dead", "last_error": "550 no such user"},
        {"state": "queued", "attempts": 3, "last_error": "550 no such user"},
    ],
    ids=["given up", "tried in vain"],
)
def test_who_cannot_be_told_is_told_of(
    now: datetime, operator: User, values: dict[str, Any]
) -> None:
    word_to_olga(now, **values)
    look(now, 70)
    assert firing() == {("undelivered", "olga")}
    alert = Alert.objects.get(rule="undelivered")
    assert "550 no such user" in alert.timeline.get(kind="firing").text


@pytest.mark.parametrize("mended", ["a later one arrived", "the address is another"])
def test_who_can_be_told_again_is_not_missed(
    now: datetime, operator: User, mended: str
) -> None:
    word_to_olga(now, state="dead", last_error="550 no such user")
    if mended == "a later one arrived":
        word_to_olga(now, state="sent", sent_at=now)
    else:
        User.objects.filter(pk=operator.pk).update(email="olga@elsewhere.test")
    look(now, 70)
    assert firing() == set()


def test_a_desk_that_nobody_can_tell_anything_says_so(
    now: datetime, operator: User
) -> None:
    User.objects.filter(pk=operator.pk).update(is_active=False)
    look(now, 70)
    assert firing() == {("undelivered", "operators")}


def verified(now: datetime, value: str | None, **values: Any) -> None:
    ProbeResult.objects.create(
        name="audit_log",
        params_digest="0",
        definition="0",
        about="running",
        commit="c",
        environment=settings.RRR_ENV,
        started_at=now,
        observed_at=now,
        value=value,
        unit="faults",
        facts={"size": "0"},
        **values,
    )


def test_a_log_that_does_not_hold_is_told_of_at_once(now: datetime) -> None:
    verified(now, "0")
    at = look(now, 20)
    assert firing() == set()
    ProbeResult.objects.update(facts={"size": "7"})  # the log is shorter than it was
    look(at, 0)
    assert firing() == {("audit-log-broken", "audit log")}
    assert "events are missing" in Alert.objects.get().timeline.get().text


def test_a_log_that_grows_while_it_is_looked_at_is_not_shorter(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    verified(now, "0")
    head = audit.head

    def and_then_it_grew() -> audit.LogHead:
        seen = head()
        longer = {"size": str(seen.size + 1)}
        ProbeResult.objects.filter(name="audit_log").update(facts=longer)
        return seen

    monkeypatch.setattr(audit, "head", and_then_it_grew)
    look(now, 0)
    assert firing() == set()
    assert ProbeResult.objects.get(name="audit_log").facts["size"] == "1", "it did"


@pytest.mark.parametrize(
    "name", ["head", "_size", "leaves", "_rows", "_kept_heads", "log_name"]
)
@pytest.mark.parametrize(
    "error", [OperationalError("away"), OperationalError("No space left on device")]
)
def test_a_database_that_cannot_be_read_is_no_broken_log(
    now: datetime, monkeypatch: pytest.MonkeyPatch, name: str, error: OperationalError
) -> None:
    assert audit_log({}).value == "0"
    verified(now, "0")

    def away(*args: object) -> NoReturn:
        raise error

    monkeypatch.setattr(audit, name, away)
    with suppress(OperationalError):  # which is no measurement
        assert audit_log({}).value == "0"
    look(now, 20)
    assert firing() == set()


def test_a_log_that_could_not_be_verified_is_neither_whole_nor_broken(
    now: datetime,
) -> None:
    verified(now, None, error="could not collect")
    look(now, 20)
    assert firing() == set()
    assert Rule.objects.get(name="audit-log-broken").judged_at is None


@pytest.mark.parametrize("gone", [True, False])
def test_parts_whose_serve_is_gone_are_told_of(
    now: datetime, monkeypatch: pytest.MonkeyPatch, gone: bool
) -> None:
    starter = subprocess.Popen(["sleep", "600"])
    monkeypatch.setenv(looked_after.STARTED_BY, looked_after.mark(starter.pid))
    try:
        if gone:
            starter.kill()  # not buried yet: nobody has asked how it ended
            assert until(10, looked_after.serve_is_gone)
        assert (health.serve().status == "warn") is gone
        look(now, 40)
    finally:
        starter.kill()
        starter.wait()
    assert ({rule for rule, _ in firing()} == {"serve"}) is gone


def test_who_was_started_by_something_else_misses_no_serve(now: datetime) -> None:
    assert looked_after.STARTED_BY not in os.environ
    look(now, 40)
    assert firing() == set()
    assert Rule.objects.get(name="serve").judged_at is not None
