"""A Redis that is away or hangs delays nobody who only wants to ring."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from datetime import timedelta

import pytest
from celery import current_app

from kernel.redis import Breaker
from operations.models import JobRun
from operations.queries.broker import app, broker_connection
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


class Hanging:
    """A server that accepts and never answers; counts who came."""

    def __init__(self, server: socket.socket) -> None:
        self.server = server
        self.url = f"redis://127.0.0.1:{server.getsockname()[1]}/0"
        self.callers: list[socket.socket] = []

    def came(self) -> int:
        """How many connections there were so far."""
        self.server.settimeout(0.05)
        with contextlib.suppress(TimeoutError):
            while True:
                self.callers.append(self.server.accept()[0])
        return len(self.callers)


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    with socket.create_server(("127.0.0.1", 0), backlog=50) as server:
        hanging = Hanging(server)
        yield hanging
        for caller in hanging.callers:
            caller.close()


def rung(run: JobRun) -> bool:
    return bell.ring(run, queue="heavy", limit=LIMIT)


def test_a_message_arrives_at_the_jobs_queue(run: JobRun) -> None:
    assert bell.ring(run, queue="test-heard", limit=LIMIT)
    with app().connection_for_read() as connection:
        message = connection.SimpleQueue("test-heard").get(timeout=5)
        message.ack()
    headers: dict[str, object] = dict(message.headers)
    assert headers["task"] == "operations.tasks.run_probe"
    assert headers["timelimit"] == [15, 10]
    assert message.payload[0] == [str(run.uid)]


def test_a_heavy_run_goes_to_the_heavy_task(run: JobRun) -> None:
    assert catalogue.queue_of(run.job) == "heavy"
    assert bell.ring(run, queue="heavy", limit=LIMIT)
    with app().connection_for_read() as connection:
        message = connection.SimpleQueue("heavy").get(timeout=5)
        message.ack()
    assert message.headers["task"] == "operations.tasks.run_heavy"


def test_a_ring_waits_a_fifth_of_a_second_and_never_tries_again() -> None:
    with broker_connection() as connection:
        options = connection.transport_options or {}
    assert options["max_retries"] == 0
    assert options["socket_timeout"] == options["socket_connect_timeout"] == 0.2


def test_a_hanging_broker_is_called_once_and_then_left_alone(
    run: JobRun, broker, hanging: Hanging
) -> None:
    broker(hanging.url)
    assert not rung(run)
    first = hanging.came()
    assert first > 0
    assert not rung(run)
    assert hanging.came() == first, "the breaker is not open"


def test_a_refused_broker_hears_nothing(run: JobRun, broker) -> None:
    broker("redis://127.0.0.1:1/0")
    assert not rung(run)


def test_a_request_is_answered_though_the_broker_hangs(
    person, client_of, broker, hanging: Hanging, django_capture_on_commit_callbacks
) -> None:
    broker(hanging.url)
    client = client_of(person("olga", "Operator"))
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post("/api/operations/jobs/prune/run")
    assert answer.status_code == 202
    assert hanging.came() > 0, "nobody rang"
    waiting = JobRun.objects.get(state="queued")
    assert waiting.published_at is None
