"""With the broker away for minutes, workers find queued rows without being rung for."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest
from celery import current_app

from kernel.registry import JOBS
from operations.models import JobRun
from operations.services import polling, scheduler
from operations.services.polling import Polling

# A run that is limited works on a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)
NOBODY = "redis://127.0.0.1:1/0"


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current_app.conf, "broker_write_url", NOBODY)


def state_of(run: JobRun) -> str:
    run.refresh_from_db()
    return run.state


def test_after_five_minutes_without_a_broker_it_does_what_is_queued(
    away: None, clock: Clock
) -> None:
    polling, run = Polling({"heavy"}, clock), scheduler.request("prune")
    clock.now = 299.0
    assert polling.look() == 0
    clock.now = 301.0
    assert polling.look() == 1
    assert state_of(run) == "ok"


def test_it_leaves_the_queues_of_other_workers_alone(away: None, clock: Clock) -> None:
    polling, run = Polling({"tick", "probes"}, clock), scheduler.request("prune")
    clock.now = 301.0
    assert polling.look() == 0
    assert state_of(run) == "queued"


def test_while_the_broker_answers_it_does_nothing(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    poller, run = Polling({"heavy"}, clock), scheduler.request("prune")
    clock.now = 301.0
    assert poller.look() == 0
    # The five minutes count from its last answer.
    monkeypatch.setattr(current_app.conf, "broker_write_url", NOBODY)
    clock.now = 301.0 + polling.AWAY_SECONDS - 1
    assert poller.look() == 0
    assert state_of(run) == "queued"
    clock.now += 2
    assert poller.look() == 1


def test_a_run_that_hangs_ends_at_its_jobs_limit_and_the_others_come_on(
    away: None, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    freed = Event()

    def hang(params: object) -> str:
        freed.wait(60)
        return "too late"

    hanging = replace(
        JOBS["prune"], function=hang, timeout=timedelta(seconds=1), queue="heavy"
    )
    monkeypatch.setitem(JOBS, "hanging", replace(hanging, name="hanging"))
    poller = Polling({"heavy"}, clock)
    first, second = scheduler.request("hanging"), scheduler.request("prune")
    clock.now = 301.0
    assert poller.look() == 2
    freed.set()
    assert (state_of(first), state_of(second)) == ("failed", "ok")
    assert "not done within 1 s" in first.error
    time.sleep(0.1)  # what it brings at last is for nobody
    assert state_of(first) == "failed"


@pytest.mark.parametrize("error", [OSError("no room"), KeyError("nobody thought of")])
def test_no_error_ends_the_looking(
    away: None, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    looks, looked = [error], Event()

    def look(self: Polling) -> int:
        if looks:
            raise looks.pop()
        looked.set()
        return 0

    monkeypatch.setattr(polling, "LOOK_EVERY", 0.01)
    monkeypatch.setattr(Polling, "look", look)
    poller = Polling({"heavy"})
    poller.start()
    try:
        assert looked.wait(10)
    finally:
        poller.stop()
