"""A broker that answers and takes nothing: work goes on without it, and people see it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from celery import current_app
from django.test import Client
from django.utils import timezone

from accounts.models import User
from kernel.redis import Breaker
from kernel.valkey import command, socket_path
from operations.models import Alert, Heartbeat, JobRun
from operations.queries.broker import broker_refusal
from operations.services import alerting, bell, heartbeats, scheduler
from operations.services.polling import Polling
from tests.served import until

# A run that is limited works on a connection of its own.
pytestmark = pytest.mark.django_db(transaction=True)
NO_EVICTION = ("--maxmemory-policy", "noeviction")
REFUSALS = {
    "out of memory": (("--maxmemory", "1"), "used memory"),
    "a read-only replica": (
        ("--replicaof", "127.0.0.1 1", "--replica-read-only", "yes"),
        "read only replica",
    ),
}


@pytest.fixture(params=list(REFUSALS))
def refusing(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """A real server that is our broker and refuses; the word that it says."""
    words, said = REFUSALS[request.param]
    server = subprocess.Popen(
        [*command(tmp_path, append_only=False), *words, *NO_EVICTION],
        stdout=subprocess.DEVNULL,
    )
    path = socket_path(tmp_path)
    try:
        assert until(20, path.exists)
        with redis.Redis(unix_socket_path=str(path)) as client:
            assert client.ping(), "it answers"
        url = f"redis+socket://{path}?virtual_host=0"
        monkeypatch.setattr(current_app.conf, "broker_write_url", url)
        monkeypatch.setattr(bell, "_breaker", Breaker())
        yield said
    finally:
        server.kill()
        server.wait(10)


def test_it_is_known_to_take_nothing(refusing: str) -> None:
    assert refusing in broker_refusal()


def test_the_usual_one_takes_messages(db: None) -> None:
    assert broker_refusal() == ""


def test_workers_do_what_is_queued_as_if_it_were_away(refusing: str) -> None:
    now = [0.0]
    polling, run = Polling({"heavy"}, lambda: now[0]), scheduler.request("prune")
    assert polling.look() == 0
    now[0] = 301.0
    assert polling.look() == 1
    run.refresh_from_db()
    assert run.state == JobRun.State.OK


def test_what_could_not_be_rung_for_is_rung_for_again(refusing: str) -> None:
    run = scheduler.request("prune")
    run.refresh_from_db()
    assert run.published_at is None


def test_it_is_said_on_the_operations_page_and_in_health(
    refusing: str, desk: Client
) -> None:
    check = desk.get("/health").json()["checks"]["broker"][0]
    assert check["status"] == "warn"
    assert refusing in check["output"]
    page = desk.get("/operations/").content.decode()
    assert "takes no messages" in page
    assert refusing in page


def test_it_pages_within_two_minutes_and_not_at_the_first_hiccup(
    refusing: str, operator: User
) -> None:
    at = timezone.now()
    for kind in Heartbeat.Kind:
        heartbeats.beat(kind, at, role="tick,probes,heavy")
    for seconds in range(0, 71, 10):
        moment = at + timedelta(seconds=seconds)
        alerting.evaluate(moment)
        if seconds < 60:
            assert not Alert.objects.filter(rule="broker", state="firing").exists()
    alert = Alert.objects.get(rule="broker", state="firing")
    assert refusing in alert.timeline.get(kind="firing").text


def test_it_is_one_fault_and_says_nothing_of_beat_whose_ticks_cannot_arrive(
    refusing: str, operator: User
) -> None:
    at = timezone.now()
    for seconds in range(0, 181, 10):
        moment = at + timedelta(seconds=seconds)
        for kind in Heartbeat.Kind:
            if kind != Heartbeat.Kind.BEAT:
                heartbeats.beat(kind, moment, role="tick,probes,heavy")
        alerting.evaluate(moment)
    fired = Alert.objects.filter(state="firing", rule__in=("broker", "beat-stale"))
    assert set(fired.values_list("rule", flat=True)) == {"broker"}
