"""A Redis that is away or hangs delays nobody who only wants to ring."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from celery import current_app

from kernel.redis import Breaker
from operations.models import JobRun
from operations.services import bell, catalogue, scheduler

pytestmark = pytest.mark.django_db
LIMIT = timedelta(seconds=10)


@pytest.fixture(autouse=True)
def fresh_breaker(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bell, "_breaker", Breaker())


@pytest.fixture
def run() -> JobRun:
    return scheduler.request("prune")


@pytest.fixture
def broker(monkeypatch: pytest.MonkeyPatch):
    """broker(url): messages go there."""

    def use(url: str) -> None:
        monkeypatch.setattr(current_app.conf, "broker_write_url", url)

    return use


@pytest.fixture
def hanging() -> Iterator[str]:
    """A server that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def ringing(run: JobRun) -> tuple[bool, float]:
    """Whether it was heard, and how many seconds that took."""
    started = time.monotonic()
    heard = bell.ring(run, queue="heavy", limit=LIMIT)
    return heard, time.monotonic() - started


def test_a_message_arrives_at_the_jobs_queue(run: JobRun) -> None:
    assert bell.ring(run, queue="test-heard", limit=LIMIT)
    with bell.app().connection_for_read() as connection:
        message = connection.SimpleQueue("test-heard").get(timeout=5)
        message.ack()
    headers: dict[str, object] = dict(message.headers)
    assert headers["task"] == "operations.tasks.run_probe"
    assert headers["timelimit"] == [15, 10]
    assert message.payload[0] == [str(run.uid)]


def test_a_heavy_run_goes_to_the_heavy_task(run: JobRun) -> None:
    assert catalogue.queue_of(run.job) == "heavy"
    assert bell.ring(run, queue="heavy", limit=LIMIT)
    with bell.app().connection_for_read() as connection:
        message = connection.SimpleQueue("heavy").get(timeout=5)
        message.ack()
    assert message.headers["task"] == "operations.tasks.run_heavy"


def test_a_hanging_broker_costs_a_moment_once(
    run: JobRun, broker, hanging: str
) -> None:
    broker(hanging)
    heard, first = ringing(run)
    again, second = ringing(run)
    assert (heard, again) == (False, False)
    assert 0.1 < first < 1.0, "it did not hang, or too long"
    assert second < 0.1, "the breaker is not open"


def test_a_refused_broker_costs_next_to_nothing(run: JobRun, broker) -> None:
    broker("redis://127.0.0.1:1/0")
    heard, took = ringing(run)
    assert not heard
    assert took < 0.5


def test_a_request_is_not_delayed_by_a_hanging_broker(
    person, client_of, broker, hanging: str, django_capture_on_commit_callbacks
) -> None:
    broker(hanging)
    client = client_of(person("olga", "Operator"))
    client.get("/operations/")

    started = time.monotonic()
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post("/api/operations/jobs/prune/run")
    assert answer.status_code == 202
    assert time.monotonic() - started < 1.5
    waiting = JobRun.objects.get(state="queued")
    assert waiting.published_at is None
