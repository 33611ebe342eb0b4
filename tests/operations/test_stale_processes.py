"""Rules about who works: each fires by its fault, and neither fires nor stays silent by
what only looks like it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from operations.models import Alert, Heartbeat, Job, JobRun
from operations.queries import lateness
from operations.services import heartbeats, pruning, scheduler
from tests.operations.well import HOUR, TICK, firing, live, look, told

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("operator", "silent_bell", "well"),
]


def test_where_all_is_well_nothing_fires(now: datetime) -> None:
    look(now, 120)
    assert not Alert.objects.exists()


@pytest.mark.parametrize(
    ("dead", "rule", "target"),
    [
        ("heavy", "worker-stale", "queue heavy"),
        ("beat", "beat-stale", "beat"),
        ("watch", "watch-stale", "watch"),
    ],
)
def test_who_falls_silent_is_told_of_within_two_minutes_and_when_it_lives_again(
    now: datetime, dead: str, rule: str, target: str
) -> None:
    at = look(now + TICK, 110, lambda at: live(at, without=(dead,)))
    assert firing() == {(rule, target)}
    assert told(rule) == ["firing"]
    look(at, 60)
    assert firing() == set()
    assert told(rule) == ["firing", "resolved"]


def test_a_dead_worker_of_ticks_is_two_queues_and_says_nothing_of_beat(
    now: datetime,
) -> None:
    """Beat's sign of life arrives through that worker: nobody knows how it is."""
    dead = ("probes,tick", "beat")
    look(now + TICK, 110, lambda at: live(at, without=dead))
    assert firing() == {
        ("worker-stale", "queue tick"),
        ("worker-stale", "queue probes"),
    }


@pytest.mark.parametrize("role", ["heavy", "watch"])
def test_a_process_that_died_long_ago_stays_missed_when_its_row_is_pruned(
    now: datetime, role: str
) -> None:
    rule = "watch-stale" if role == "watch" else "worker-stale"
    look(now + TICK, 110, lambda at: live(at, without=(role,)))
    later = now + timedelta(days=2)
    live(later, without=(role,))
    pruning.prune(later)
    assert not Heartbeat.objects.filter(role=role).exists()
    look(later, 700, lambda at: live(at, without=(role,)))
    assert rule in {rule for rule, _ in firing()}
    assert "resolved" not in told(rule)
    assert "no longer read" not in told(rule)


def test_a_worker_that_moved_to_another_host_is_not_missed(now: datetime) -> None:
    def live_there(at: datetime) -> None:
        live(at, without=("heavy", "beat"))
        heartbeats.beat("worker", at, role="heavy", host="there")
        heartbeats.beat("beat", at, host="there")

    look(now + TICK, 200, live_there)
    assert firing() == set()


def test_a_sign_of_life_from_the_future_keeps_nobody_alive(now: datetime) -> None:
    live(now + HOUR)
    look(now + TICK, 110, lambda at: None)
    assert {rule for rule, _ in firing()} == {"worker-stale", "watch-stale"}


def waiting_since(when: datetime, job: str = "prune") -> JobRun:
    run = scheduler.request(job)
    JobRun.objects.filter(pk=run.pk).update(due_at=when)
    return run


def test_a_queue_in_which_nothing_begins_is_told_of_though_its_worker_lives(
    now: datetime,
) -> None:
    waiting_since(now - 11 * timedelta(minutes=1))
    look(now, 40)
    assert firing() == {("queue-stuck", "queue heavy")}


@pytest.mark.parametrize(
    "values",
    [
        {"state": "running", "lease": 30},
        {"state": "ok", "lease": None},
    ],
    ids=["is being done", "was begun just now"],
)
def test_a_queue_in_which_something_moves_is_not_stuck(
    now: datetime, values: dict[str, Any]
) -> None:
    waiting_since(now - HOUR)
    lease = values["lease"]
    JobRun.objects.create(
        job=Job.objects.get(name="restore-drill"),
        due_at=now - HOUR,
        started_at=now - (50 * timedelta(minutes=1) if lease else TICK),
        state=values["state"],
        lease_until=now + timedelta(seconds=90) if lease else None,
    )
    look(now, 60)
    assert firing() == set()


def test_what_holds_a_lease_that_has_ended_moves_nothing(now: datetime) -> None:
    waiting_since(now - HOUR)
    JobRun.objects.create(
        job=Job.objects.get(name="restore-drill"),
        due_at=now - HOUR,
        started_at=now - HOUR,
        state="running",
        lease_until=now - 30 * timedelta(minutes=1),
    )
    look(now, 60)
    assert firing() == {("queue-stuck", "queue heavy")}


def test_one_queue_that_moves_does_not_hide_another_that_is_stuck(
    now: datetime,
) -> None:
    waiting_since(now - HOUR, "probe:redis")
    JobRun.objects.create(
        job=Job.objects.get(name="prune"),
        due_at=now - TICK,
        started_at=now,
        state="running",
        lease_until=now + HOUR,
    )
    look(now, 60)
    assert firing() == {("queue-stuck", "queue probes")}


def test_slots_that_nobody_even_queues_are_told_of(now: datetime) -> None:
    Job.objects.filter(name="prune").update(next_due=now - HOUR)
    look(now, 40)
    assert firing() == {("queue-stuck", "schedule")}
    Job.objects.filter(name="prune").update(paused_at=now)
    look(now + HOUR, 60)
    assert firing() == set()


def test_one_reader_that_fails_does_not_silence_the_others(
    now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise KeyError("nobody thought of this")

    monkeypatch.setattr(lateness, "failures_of_jobs", broken)
    look(now + TICK, 110, lambda at: live(at, without=("beat",)))
    assert firing() == {("beat-stale", "beat")}
