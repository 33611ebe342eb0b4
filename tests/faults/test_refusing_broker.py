"""A broker that answers and takes nothing: nobody falls over, everybody sees it, and
what waits is done when it is over."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import redis

from kernel.valkey import socket_path
from tests.served import Served, until
from tests.slowness import Slowness

pytestmark = [pytest.mark.process, pytest.mark.embedded, pytest.mark.timeout(300)]
ENDED = re.compile(r"(web|worker|worker-heavy|beat|watch|valkey) ended")


@contextmanager
def out_of_memory(server: redis.Redis) -> Iterator[None]:
    server.config_set("maxmemory-policy", "noeviction")
    server.config_set("maxmemory", "1")
    try:
        yield
    finally:
        server.config_set("maxmemory", "0")


@contextmanager
def read_only_replica(server: redis.Redis) -> Iterator[None]:
    server.config_set("replica-read-only", "yes")
    server.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        yield
    finally:
        server.execute_command("REPLICAOF", "NO", "ONE")


@pytest.fixture(scope="module")
def operator(served: Served) -> str:
    served.add_people("oda", role="Operator")
    return served.token("oda")


@pytest.mark.parametrize("refusal", [out_of_memory, read_only_replica])
def test_a_broker_that_refuses_stops_nobody(
    refusal: Callable[[redis.Redis], Iterator[None]],
    served: Served,
    operator: str,
    factor: Slowness,
    seen: Callable[[str, str, str], None],
) -> None:
    def job() -> dict[str, object]:
        listed = served.ask("/api/operations/jobs?limit=100", token=operator)
        jobs = json.loads(listed.body)["jobs"]
        # A product that was just started has not written its jobs down yet.
        return next((each for each in jobs if each["name"] == "prune"), {})

    def broker() -> str:
        checks = json.loads(served.ask("/health", token=operator).body)["checks"]
        return str(checks["broker"][0]["status"])

    assert until(30 * factor, lambda: broker() == "pass" and "last_ok" in job())
    said, done = len(served.said()), job()["last_ok"]
    with (
        redis.Redis(unix_socket_path=str(socket_path(served.state))) as server,
        refusal(server),  # type: ignore[attr-defined]
    ):
        assert server.ping()
        # /health looks once a second, whoever asks.
        assert until(3 * factor, lambda: broker() == "warn")
        asked = served.ask("/api/operations/jobs/prune/run", {}, token=operator)
        assert asked.status == 202, asked
        # Its messages are refused for as long as beat, workers and web all try.
        time.sleep(12)
        assert until(10 * factor, lambda: served.status("/health/ready") == 200)
        assert ENDED.search(served.said()[said:]) is None, served.said()[said:]
    began = time.monotonic()
    assert until(5 * factor, lambda: broker() == "pass")
    assert until(60 * factor, lambda: job()["last_ok"] != done), job()
    seen(
        f"the broker refuses: {refusal.__name__.replace('_', ' ')}",
        "it is said ≤ 3 s, nobody ends, what waits is done ≤ 60 s after",
        f"done after {time.monotonic() - began:.0f} s",
    )
    assert ENDED.search(served.said()[said:]) is None
