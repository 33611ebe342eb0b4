"""A Redis of a test's own, on a port of this machine, that comes and goes."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

import redis

from kernel.valkey import command, socket_path
from tests.served import Served, free_port, until


class OwnRedis:
    """Started by the test; `url` is what a product gets for REDIS_URL."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None
        self.back()

    def hang(self) -> None:
        self._send(signal.SIGSTOP)

    def go_on(self) -> None:
        self._send(signal.SIGCONT)

    def cut(self) -> None:
        self.go_on()
        self._send(signal.SIGKILL)
        assert self.process is not None
        self.process.wait(10)
        socket_path(self.folder).unlink(missing_ok=True)

    def back(self) -> None:
        """Empty, as it keeps no file."""
        listening = ("--port", str(self.port), "--bind", "127.0.0.1")
        self.process = subprocess.Popen(
            [*command(self.folder, append_only=False), *listening],
            start_new_session=True,
        )
        assert until(20, socket_path(self.folder).exists)

    def empty(self) -> None:
        with redis.Redis.from_url(self.url) as client:
            client.flushall()

    def count(self, pattern: str) -> int:
        """How many keys it holds that are named so."""
        with redis.Redis.from_url(self.url) as client:
            return sum(1 for _ in client.scan_iter(pattern))

    def _send(self, number: int) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)


class EmbeddedRedis(OwnRedis):
    """A product's own Valkey, which its `serve` starts again when it is cut."""

    def __init__(self, product: Served) -> None:
        self.product, self.folder = product, product.state
        self.url = f"unix://{socket_path(product.state)}?db=0"
        self.process = None

    def cut(self) -> None:
        self._send(signal.SIGKILL)

    def back(self) -> None:
        def answers() -> bool:
            try:
                self.count("*")
            except redis.RedisError:
                return False
            return True

        assert until(60, answers), self.product.said()

    def _send(self, number: int) -> None:
        os.kill(self.product.pid_of("valkey-server"), number)
