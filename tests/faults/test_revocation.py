"""Who is logged out is out within a second in every process, whatever Redis does."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest

from tests.faults.first_start import DATABASE, as_kept
from tests.faults.own_redis import OwnRedis
from tests.served import Served
from tests.slowness import Slowness

pytestmark = [pytest.mark.process, pytest.mark.timeout(600)]
WITHIN = 1.0  # seconds
# The second one is answered from what is kept.
PATHS = ("/api/me", "/api/portfolio")
# Each on a connection of its own: both web processes of an instance get some.
ASKED = 12


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[OwnRedis]:
    server = OwnRedis(tmp_path / "redis")
    yield server
    with suppress(ProcessLookupError):  # a test may have ended it
        server.cut()


@pytest.fixture
def instances(
    tmp_path: Path, kept: Path, stack: dict[str, str], redis: OwnRedis
) -> Iterator[tuple[Served, Served]]:
    """Two products on one database and one Redis, each of two web processes."""
    shared = {"DATABASE_URL": f"sqlite:///{tmp_path / 'one' / DATABASE}", **stack}
    shared |= {"REDIS_URL": redis.url}
    running: list[Served] = []
    try:
        running.extend(
            Served(as_kept(kept, tmp_path / name), **shared) for name in ("one", "two")
        )
        for product in running:
            product.ready()
        running[0].add_people("eve", "fay")
        yield running[0], running[1]
    finally:
        for product in running:
            product.stop()
            product.kill_all()


def status(product: Served, path: str, token: str, address: str) -> int:
    """Of an answer to somebody at this address: refused tokens count to it."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", product.port, timeout=30, source_address=(address, 0)
    )
    try:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        return connection.getresponse().status
    finally:
        connection.close()


def seconds_alive(
    products: tuple[Served, ...], token: str, last: Iterator[int]
) -> float:
    """How long after now the token was still good somewhere, at the longest."""
    began = time.monotonic()
    latest = 0.0
    for product in products:
        for path in PATHS:
            address, refused = f"127.0.1.{next(last)}", 0
            while refused < ASKED:
                good = status(product, path, token, address) == 200
                refused = 0 if good else refused + 1
                latest = time.monotonic() - began if good else latest
                assert latest < 30, "it does not end"
    return latest


def test_a_session_that_ends_is_dead_in_every_process(
    instances: tuple[Served, Served],
    redis: OwnRedis,
    factor: Slowness,
    seen: Callable[[str, str, str], None],
) -> None:
    here, there = instances
    states: dict[str, Callable[[], None]] = {
        "up": lambda: None,
        "emptied while up": redis.empty,
        "hanging": redis.hang,
        "back after it hung": redis.go_on,
        "down": redis.cut,
        "back and empty": redis.back,
    }
    slowest, addresses = 0.0, count(1)

    def alive(token: str) -> list[int]:
        """What each answers, asked often enough for every process to know the token."""
        return [
            status(product, path, token, "127.0.0.1")
            for product in instances
            for path in PATHS
            for _ in range(ASKED)
        ]

    for state, bring_about in states.items():
        pair = here.pair("eve")
        assert set(alive(pair["access"])) == {200}
        bring_about()
        assert set(alive(pair["access"])) == {200}, state
        ended = here.ask("/api/token/revoke", {"refresh": pair["refresh"]})
        assert ended.status == 204, state
        spent = seconds_alive((there, here), pair["access"], addresses)
        assert spent <= WITHIN * factor, (state, spent)
        slowest = max(slowest, spent)
        # It stays dead, also while Redis comes back.
        assert seconds_alive(instances, pair["access"], addresses) == 0, state
    seen(
        "Redis up, emptied, hanging, down, back; two instances",
        "a revoked session is dead ≤ 1 s",
        f"good for {slowest:.2f} s at most",
    )
