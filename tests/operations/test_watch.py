"""watch: notices missing ticks by a clock that nobody sets, and ticks itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.utils import timezone

from kernel import http
from operations import queries
from operations.domain import health
from operations.models import Heartbeat, JobRun
from operations.services import (
    alerting,
    bell,
    delivery,
    heartbeats,
    paging,
    ticking,
    watching,
)
from operations.services.database_watch import DatabaseWatch
from rrr_dashboard.beat import SteadyEvery, steady_now

pytestmark = pytest.mark.django_db


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def no_ring(monkeypatch: pytest.MonkeyPatch) -> None:
    def ring(run: JobRun, **kwargs: object) -> bool:
        raise AssertionError("watch must not need a broker")

    monkeypatch.setattr(bell, "ring", ring)
    # The connection of the test's transaction stays open.
    monkeypatch.setattr(connection, "close", lambda: None)


@pytest.fixture
def watch(clock: Clock) -> watching.Watch:
    return watching.Watch(monotonic=clock, database=DatabaseWatch(ask=lambda: None))


def test_it_ticks_once_nobody_has_for_twenty_seconds(watch, clock) -> None:
    looks = []
    for clock.now in (0.0, 5.0, 10.0, 15.0, 20.0):
        looks.append(watch.look())
    assert looks == [False, False, False, False, True]
    assert queries.last_tick() is not None


def test_alone_it_ticks_every_ten_seconds(watch, clock) -> None:
    ticked = []
    for clock.now in range(0, 65, 5):
        if watch.look():
            ticked.append(clock.now)
    assert ticked == [20, 30, 40, 50, 60]


def test_a_look_that_comes_early_does_not_put_its_tick_off(watch, clock) -> None:
    ticked = []
    for number in range(13):
        clock.now = number * 5 - (0.2 if number % 2 else 0)
        if number == 8:
            clock.now -= 0.3
        if watch.look():
            ticked.append(number * 5)
    assert ticked == [20, 30, 40, 50, 60]


def test_it_leaves_the_tick_to_others_as_soon_as_they_tick(watch, clock) -> None:
    clock.now = 20.0
    assert watch.look()
    heartbeats.beat(Heartbeat.Kind.TICK, timezone.now(), host="any")
    for clock.now in (30.0, 40.0, 49.0):
        assert not watch.look()


def test_its_tick_queues_jobs_but_no_probes_and_rings_for_nobody(watch, clock) -> None:
    clock.now = 20.0
    assert watch.look()
    assert {run.job.kind for run in JobRun.objects.all()} == {"job"}


def test_it_stays_quiet_while_ticks_come(watch, clock) -> None:
    for clock.now in range(0, 100, 5):
        heartbeats.beat(Heartbeat.Kind.TICK, timezone.now(), host="any")
        assert not watch.look()


def test_a_clock_set_back_hides_no_missing_tick(watch, clock) -> None:
    ahead = timezone.now() + timedelta(hours=1)
    heartbeats.beat(Heartbeat.Kind.TICK, ahead, host="any")
    watch.look()
    clock.now = 21.0
    assert watch.look()


def test_each_look_writes_its_own_sign_of_life(clock) -> None:
    watch = watching.Watch(monotonic=clock)
    watch.look()
    first = Heartbeat.objects.get(kind="watch").beaten_at
    clock.now = 5.0
    watch.look()
    assert Heartbeat.objects.get(kind="watch").beaten_at > first


def test_a_database_that_is_away_stops_nothing(clock) -> None:
    away = DatabaseWatch(ask=lambda: "gone")
    assert not watching.Watch(monotonic=clock, database=away).look()


@pytest.mark.parametrize(
    "error", [OSError("No space left on device"), ValueError("nobody thought of it")]
)
def test_no_error_ends_the_watch(watch, clock, monkeypatch, error) -> None:
    def broken(*args: object, **kwargs: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(queries, "last_tick", broken)
        assert not watch.look()
    clock.now = 20.0
    assert watch.look()


@pytest.mark.parametrize("error", [DatabaseError("locked"), KeyError("n")])
def test_one_failing_step_does_not_stop_the_tick(monkeypatch, error) -> None:
    def broken(at: object) -> None:
        raise error

    delivered: list[object] = []
    monkeypatch.setattr(alerting, "evaluate", broken)
    monkeypatch.setattr(delivery, "deliver", lambda at, **_: delivered.append(at))
    ticking.tick(timezone.now(), by="watch")
    assert len(delivered) == 1


@pytest.mark.parametrize(
    ("broken", "pings"),
    [("", 1), ("evaluate", 0), ("deliver", 0), ("mirror", 1)],
    ids=["nothing", "looking at the rules", "sending", "what tells nobody"],
)
def test_the_watchdog_hears_nothing_while_nobody_can_be_told(
    monkeypatch, settings, broken: str, pings: int
) -> None:
    def fails(*args: object, **kwargs: object) -> None:
        raise DatabaseError("locked")

    pinged: list[str] = []
    settings.WATCHDOG_URL = "https://watchdog.example.test/ping"
    monkeypatch.setattr(http, "send", lambda url, **_: pinged.append(url))
    for part, name in (
        (alerting, "evaluate"),
        (delivery, "deliver"),
        (paging, "mirror"),
    ):
        if name == broken:
            monkeypatch.setattr(part, name, fails)
    ticking.tick(timezone.now(), by="watch")
    assert len(pinged) == pings


def test_beat_counts_as_silent_only_while_a_worker_lives() -> None:
    at = timezone.now()
    late = at - timedelta(seconds=61)
    heartbeats.beat(Heartbeat.Kind.BEAT, late)
    heartbeats.beat(Heartbeat.Kind.WORKER, late, role="tick")
    assert {row.kind for row in queries.stale_processes(at)} == {"worker"}
    heartbeats.beat(Heartbeat.Kind.WORKER, at, role="tick")
    assert {row.kind for row in queries.stale_processes(at)} == {"beat"}


def test_a_sign_of_life_from_the_future_keeps_nobody_alive() -> None:
    at = timezone.now()
    heartbeats.beat(Heartbeat.Kind.WORKER, at + timedelta(hours=1), role="tick")
    heartbeats.beat(Heartbeat.Kind.WORKER, at + timedelta(seconds=30), role="heavy")
    assert [row.role for row in queries.stale_processes(at)] == ["tick"]
    ages = {"dead": -3600.0, "alive": -30.0}
    assert health.heartbeats("worker", ages).detail == "no sign of life from dead"


def test_a_restarted_process_takes_its_row_over() -> None:
    at = timezone.now()
    heartbeats.beat(Heartbeat.Kind.WATCH, at - timedelta(hours=1), pid=1)
    heartbeats.beat(Heartbeat.Kind.WATCH, at, pid=2)
    row = Heartbeat.objects.get()
    assert (row.pid, row.started_at) == (2, at)


def test_beat_runs_on_a_clock_that_nobody_sets_back(monkeypatch) -> None:
    every = SteadyEvery(timedelta(seconds=10))
    last = steady_now()
    monkeypatch.setattr("time.time", lambda: 0.0)
    assert not every.is_due(last).is_due
    earlier = last - timedelta(seconds=10)
    assert every.is_due(earlier).is_due
