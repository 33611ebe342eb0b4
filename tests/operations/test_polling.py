"""With the broker away for minutes, workers find queued rows without being rung for."""

from __future__ import annotations

import pytest
from celery import current_app

from operations.models import JobRun
from operations.services import polling, scheduler
from operations.services.polling import Polling

pytestmark = pytest.mark.django_db
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
