"""Who is logged out is out within a second on every instance, whatever Redis does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kernel.valkey import command, socket_path
from tests.served import Served, until
from tests.slowness import Slowness

pytestmark = [pytest.mark.process, pytest.mark.timeout(300)]
WITHIN = 1.0  # seconds


class Redis:
    """A Redis of this test's own, by a unix socket, that comes and goes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"unix://{socket_path(folder)}?db=0"
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            command(self.folder, append_only=False), start_new_session=True
        )
        assert until(20, socket_path(self.folder).exists)

    def send(self, number: int) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        self.send(signal.SIGCONT)
        self.send(signal.SIGKILL)
        assert self.process is not None
        self.process.wait(10)
        socket_path(self.folder).unlink(missing_ok=True)


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Redis]:
    server = Redis(tmp_path / "redis")
    yield server
    with contextlib.suppress(ProcessLookupError):  # a test may have ended it
        server.kill()


@pytest.fixture
def instances(
    tmp_path: Path, stack: dict[str, str], redis: Redis
) -> Iterator[tuple[Served, Served]]:
    """Two products on one database and one Redis."""
    shared = {"DATABASE_URL": f"sqlite:///{tmp_path / 'shared.sqlite3'}", **stack}
    shared |= {"REDIS_URL": redis.url}
    running: list[Served] = []
    try:
        for name in ("one", "two"):
            running.append(Served(tmp_path / name, **shared))
            running[-1].ready()  # one after the other: the first one migrates
        running[0].add_people("eve", "fay")
        yield running[0], running[1]
    finally:
        for product in running:
            product.stop()
            product.kill_all()


def test_a_session_that_ends_is_dead_on_every_instance(
    instances: tuple[Served, Served],
    redis: Redis,
    factor: Slowness,
    seen: Callable[[str, str, str], None],
) -> None:
    here, there = instances
    states: dict[str, Callable[[], None]] = {
        "up": lambda: None,
        "hanging": lambda: redis.send(signal.SIGSTOP),
        "back after it hung": lambda: redis.send(signal.SIGCONT),
        "down": redis.kill,
        "back and empty": redis.start,
    }
    slowest = 0.0
    for state, bring_about in states.items():
        time.sleep(1)  # refused tokens count to the address: at most ten a second
        pair = here.pair("eve")
        for product in instances:
            assert product.ask("/api/me", token=pair["access"]).status == 200
        bring_about()
        for product in instances:
            assert product.ask("/api/me", token=pair["access"]).status == 200, state
        ended = here.ask("/api/token/revoke", {"refresh": pair["refresh"]})
        assert ended.status == 204, state
        began = time.monotonic()
        dead = until(
            30,
            lambda pair=pair: (  # type: ignore[misc]
                there.ask("/api/me", token=pair["access"]).status == 401
            ),
        )
        spent = time.monotonic() - began
        assert dead, state
        assert spent <= WITHIN * factor, (state, spent)
        slowest = max(slowest, spent)
        # It stays dead, here and there, also while Redis comes back.
        for product in instances:
            assert product.ask("/api/me", token=pair["access"]).status == 401, state
    seen(
        "Redis up, hanging, down, back; two instances",
        "a revoked session is dead ≤ 1 s",
        f"dead after {slowest:.2f} s at most",
    )
