"""What is thrown away, and what never is."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from operations.models import Heartbeat, JobRun, ProbeResult
from operations.services import catalogue, heartbeats, pruning

pytestmark = pytest.mark.django_db


def finished(due: datetime, state: str = "ok") -> JobRun:
    job = catalogue.job_row("prune")
    return JobRun.objects.create(job=job, due_at=due, state=state, finished_at=due)


def result(observed: datetime, name: str = "redis", value: str = "0") -> ProbeResult:
    return ProbeResult.objects.create(
        name=name,
        params_digest="0",
        definition="0",
        about="running",
        commit="c",
        environment="demo",
        host="h",
        value=value,
        started_at=observed,
        observed_at=observed,
    )


def test_finished_runs_are_kept_thirty_days_and_unfinished_ones_for_ever() -> None:
    at = timezone.now()
    young, old = finished(at - timedelta(days=29)), finished(at - timedelta(days=31))
    waiting = finished(at - timedelta(days=99), state="queued")
    assert pruning.prune(at)["runs"] == 1
    assert set(JobRun.objects.values_list("pk", flat=True)) == {young.pk, waiting.pk}
    assert not JobRun.objects.filter(pk=old.pk).exists()


def test_at_most_five_hundred_finished_runs_of_a_job_are_kept(monkeypatch) -> None:
    monkeypatch.setattr(pruning, "MOST_RUNS", 5)
    at = timezone.now()
    runs = [finished(at - timedelta(minutes=9 - n)) for n in range(9)]
    pruning.prune(at)
    kept = set(JobRun.objects.values_list("pk", flat=True))
    assert kept == {run.pk for run in runs[4:]}


def test_the_newest_result_of_a_key_is_kept_however_old() -> None:
    at = timezone.now()
    older = result(at - timedelta(days=60))
    newest = result(at - timedelta(days=50))
    assert pruning.prune(at)["results"] == 1
    assert list(ProbeResult.objects.all()) == [newest]
    assert older.pk < newest.pk


def test_after_two_days_one_an_hour_and_every_change_are_kept() -> None:
    at = timezone.now().replace(minute=59, second=0, microsecond=0)
    seen = {}
    for minutes, value in ((50, "0"), (40, "0"), (30, "1"), (20, "1"), (10, "0")):
        row = result(at - timedelta(days=3, minutes=minutes), value=value)
        seen[minutes] = row.pk
    other = result(at - timedelta(days=3, minutes=15), name="health")
    young = result(at - timedelta(days=1))
    assert pruning.prune(at)["results"] == 2
    kept = set(ProbeResult.objects.values_list("pk", flat=True))
    assert kept == {seen[50], seen[30], seen[10], other.pk, young.pk}
    assert pruning.prune(at)["results"] == 0


def test_many_old_results_go_in_parts(monkeypatch) -> None:
    monkeypatch.setattr(pruning, "CHUNK", 7)
    at = timezone.now()
    for minutes in range(40):
        result(at - timedelta(days=50, minutes=minutes))
    assert pruning.prune(at)["results"] == 39


def test_a_process_silent_for_a_day_is_forgotten() -> None:
    at = timezone.now()
    heartbeats.beat(Heartbeat.Kind.WORKER, at - timedelta(hours=25), role="old")
    heartbeats.beat(Heartbeat.Kind.WORKER, at, role="new")
    pruning.prune(at)
    assert Heartbeat.objects.get().role == "new"
