"""The figures of the operations page: none is older than it seems, and each is judged
by the rule or check that judges it elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from unittest.mock import patch

import pytest
from django.conf import settings
from django.utils import timezone

from kernel import registry
from kernel.registry import Measurement
from operations import queries
from operations.domain import seeds
from operations.domain.health import HealthCheck, Status
from operations.models import (
    Alert,
    Backup,
    JobRun,
    Minute,
    Notice,
    ProbeResult,
    RestoreDrill,
    Rule,
)
from operations.pages import figures, probes
from operations.pages.figures import DayFigure
from operations.queries import health
from operations.services import catalogue, probing
from operations.services import figures as kept_figures
from operations.services.subjects import Subject

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("silent_bell")]
MakeAlert = Callable[..., Alert]


def shown(
    at: datetime, label: str, checks: Sequence[HealthCheck] | None = None
) -> DayFigure:
    seen = figures.gather(
        at,
        checks=list(checks if checks is not None else health.checks(at)),
        known=queries.rules(),
        alerts=queries.open_alerts(),
        last_tick=queries.last_tick(),
    )
    named = {figure.label: figure for figure in figures.all_figures(seen)}
    return named[label]


def minute(at: datetime, series: str, values: dict[str, Any]) -> None:
    Minute.objects.create(at=at, series=series, values=values, slots_read=6)


READ = {"memory": {"host": "91"}, "disk": {"state": "88"}}


@pytest.mark.parametrize("label", ["Memory", "Disk used"])
def test_a_reading_of_long_ago_is_no_value_of_now(now: datetime, label: str) -> None:
    minute(now - timedelta(seconds=140), Minute.READINGS, READ)
    assert shown(now, label, []).value in {"91 %", "88 %"}
    later = now + timedelta(minutes=6)
    figure = shown(later, label, [])
    assert (figure.value, figure.note) == ("–", "no data for 8 min")


@pytest.mark.parametrize("label", ["Error rate", "P95 of answers"])
def test_without_requests_there_is_no_rate(now: datetime, label: str) -> None:
    minute(now - timedelta(seconds=70), Minute.WEB, {})
    figure = shown(now, label, [])
    assert (figure.value, figure.note) == ("–", "no request lately")


def test_a_rate_of_few_requests_says_of_how_many(now: datetime) -> None:
    minute(now - timedelta(seconds=70), Minute.WEB, {"n": 4, "e": 2, "b3": 4})
    figure = shown(now, "Error rate", [])
    assert (figure.value, figure.tone) == ("50 %", "")
    assert figure.note == "of 4 requests: too few to be judged"


def test_a_full_share_of_a_large_disk_is_no_alarm(
    now: datetime, make_alert: MakeAlert
) -> None:
    """95 % of 10 TB leaves room for years: the rule says nothing, and so does this."""
    minute(now - timedelta(seconds=70), Minute.READINGS, {"disk": {"state": "95"}})
    figure = shown(now, "Disk used", [])
    assert (figure.value, figure.tone) == ("95 %", "")
    assert figure.note == "limit 90 % and under 10 GB free"
    assert figure.strip is not None
    assert not figure.strip.faults
    make_alert(rule="disk-full", threshold=Decimal(97))
    assert shown(now, "Disk used", []).tone == "crit"


@pytest.mark.parametrize(
    ("label", "rule"),
    [
        ("Error rate", seeds.ERROR_RATE),
        ("P95 of answers", seeds.LATENCY),
        ("Memory", seeds.MEMORY),
        ("Disk used", seeds.DISK),
        ("Queue", seeds.QUEUE_STUCK),
        ("Messages", seeds.UNDELIVERED),
    ],
)
@pytest.mark.parametrize(("state", "tone"), [("pending", "warn"), ("firing", "crit")])
def test_a_figure_has_the_tone_of_its_rule(
    now: datetime, make_alert: MakeAlert, label: str, rule: str, state: str, tone: str
) -> None:
    assert shown(now, label, []).tone == ""
    make_alert(rule=rule, state=state)
    assert shown(now, label, []).tone == tone


def test_a_queue_that_moves_is_not_stuck_however_long_one_waits(
    now: datetime,
) -> None:
    catalogue.sync()
    job = catalogue.job_row("prune")
    JobRun.objects.create(job=job, due_at=now - timedelta(hours=2))
    figure = shown(now, "Queue", [])
    assert (figure.value, figure.note) == ("1 run", "oldest waits 2 h")
    assert figure.tone == ""


def test_a_rule_that_is_switched_off_is_no_limit(now: datetime) -> None:
    minute(now - timedelta(seconds=70), Minute.READINGS, READ)
    Rule.objects.filter(name="memory").update(enabled=False)
    assert shown(now, "Memory", []).note == "its rule is switched off"


@pytest.mark.parametrize(
    ("label", "name"),
    [("Last backup", "backup_age"), ("Last restore drill", "restore_drill_age")],
)
def test_health_says_what_is_late(now: datetime, label: str, name: str) -> None:
    check = HealthCheck(
        name=name, status=Status.PASS, detail="fine", observed="7200", unit="s"
    )
    good = shown(now, label, [check])
    assert (good.value, good.tone) == ("2 h ago", "")
    assert good.note.startswith("one is due every ")
    late = shown(now, label, [replace(check, status=Status.WARN, detail="too old")])
    assert (late.value, late.note, late.tone) == ("2 h ago", "too old", "crit")


def test_a_drill_that_failed_is_no_good_one_of_yesterday(now: datetime) -> None:
    backup = Backup.objects.create(
        engine="sqlite", status="verified", started_at=now, finished_at=now
    )
    for hours, ok in ((5, True), (1, False)):
        done = now - timedelta(hours=hours)
        RestoreDrill.objects.create(
            backup=backup,
            started_at=done,
            finished_at=done,
            ok=ok,
            environment=settings.RRR_ENV,
        )
    assert health.restore_drill_age(now).status is Status.WARN
    figure = shown(now, "Last restore drill", [health.restore_drill_age(now)])
    assert figure.note == "the last restore drill failed 1 h ago"
    assert figure.tone == "crit"


def wait_to_be_sent(at: datetime, number: int, **values: Any) -> None:
    Notice.objects.create(
        kind="alert", about="alert:1", recipient=f"p{number}", level="firing",
        channel="email", dedup_key=f"{number}", subject="s", body="b", created_at=at,
        **values,
    )  # fmt: skip


def test_messages_say_how_long_the_oldest_waits(now: datetime) -> None:
    assert shown(now, "Messages", []).note == "nothing waits to be sent"
    for number, minutes in enumerate((7, 3)):
        wait_to_be_sent(now - timedelta(minutes=minutes), number)
    wait_to_be_sent(now - timedelta(hours=3), 9, state="sent")
    figure = shown(now, "Messages", [])
    assert (figure.value, figure.note) == ("2 waiting", "oldest waits 7 min")
    wait_to_be_sent(now, 10, last_error="refused")
    figure = shown(now, "Messages", [])
    assert figure.note == "oldest waits 7 min, 1 tried in vain"
    assert figure.tone == "warn"


def test_what_is_kept_is_what_the_page_shows(now: datetime) -> None:
    catalogue.sync()
    JobRun.objects.create(job=catalogue.job_row("prune"), due_at=now)
    wait_to_be_sent(now, 1)
    kept = {reading.rule: reading.value for reading in kept_figures.read()}
    assert kept["figure-queued"] == 1
    assert kept["figure-outbox"] == 1
    assert kept["figure-database-ms"] is not None


@pytest.fixture
def one_probe(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A probe that counts as many faults as it is asked to."""
    probe = registry.Probe(
        "asked",
        lambda params: Measurement(params["faults"], "seen", "faults"),
        "What is asked",
        every=timedelta(minutes=5),
    )
    monkeypatch.setattr(probing, "subject_of", lambda probe: Subject("a" * 40, "d"))
    with patch.dict(registry.PROBES, {"asked": probe}, clear=True):
        yield


def test_a_group_shows_the_worst_of_its_members(one_probe: None) -> None:
    """The member that failed three hours ago is not the one that fails now."""
    at = timezone.now()
    for faults, hours in (("0", 1), ("2", 0), ("1", 3), ("1", 1)):
        made = probing.run("asked", {"faults": faults})
        ProbeResult.objects.filter(pk=made.pk).update(
            observed_at=at - timedelta(hours=hours, minutes=1)
        )
    (group,) = probes.groups(queries.probe_board(at))
    assert len(group.lines) == 3
    assert group.day.text.startswith("last 24 hours: 3 of 3 half hours with faults")


def test_what_was_asked_with_params_comes_by_no_schedule(one_probe: None) -> None:
    made = probing.run("asked", {"faults": "0"})
    ProbeResult.objects.update(observed_at=made.observed_at - timedelta(days=9))
    (line,) = queries.probe_board(timezone.now())
    assert not line.overdue
