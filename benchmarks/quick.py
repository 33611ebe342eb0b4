"""`python -m benchmarks.quick`: thirty seconds of the product on demo data, as JSON.

Each answer's time for what people and programs ask most, then a load of good answers a
second. One copy of the product, started for it; the probes of the checklist's lines on
response times and load read what is printed.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks import servers
from benchmarks.hot import PORTFOLIO, TRADES, people
from benchmarks.people import LIMITED
from benchmarks.servers import Server
from operations.domain.bench import ASKED

READERS, FILLS = 20, 50
AT_ONCE = 2  # how many ask while an answer is timed
CONNECTIONS = 6
WARM_UP = 3


class Asking:
    """Requests of several people; what they were answered."""

    def __init__(self, server: Server, tokens: dict[str, str]) -> None:
        self.server, self.tokens = server, list(tokens.values())
        self.statuses: Counter[int] = Counter()
        self.numbers = itertools.count()
        self.lock = threading.Lock()

    def time_each(self, name: str, count: int) -> list[float]:
        """Milliseconds of so many answers, two at a time."""
        share = count // AT_ONCE
        with ThreadPoolExecutor(AT_ONCE) as threads:
            parts = threads.map(lambda _: self._time(name, share), range(AT_ONCE))
            return [milliseconds for part in parts for milliseconds in part]

    def _time(self, name: str, count: int) -> list[float]:
        times = []
        with self._connection() as connection:
            for turn in range(WARM_UP + count):
                began = time.perf_counter()
                status = self._ask(connection, name, turn)
                took = (time.perf_counter() - began) * 1000
                if turn >= WARM_UP:
                    times.append(took)
                    with self.lock:
                        self.statuses[status] += 1
        return times

    def sustain(self, seconds: float) -> dict[str, Any]:
        """As many as are answered within so many seconds, on six connections."""
        statuses: Counter[str] = Counter()
        began = time.monotonic()

        def go_on(number: int) -> None:
            with self._connection() as connection:
                turn = number
                while time.monotonic() - began < seconds:
                    path = (TRADES, PORTFOLIO)[turn % 2]
                    status = self._ask(connection, f"GET {path}", turn)
                    with self.lock:
                        statuses[str(status)] += 1
                    turn += 1

        with ThreadPoolExecutor(CONNECTIONS) as threads:
            list(threads.map(go_on, range(CONNECTIONS)))
        took = time.monotonic() - began
        return {
            "seconds": round(took, 2),
            "statuses": dict(statuses),
            "people": len(self.tokens),
        }

    @contextmanager
    def _connection(self) -> Iterator[HTTPConnection]:
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        try:
            yield connection
        finally:
            connection.close()

    def _ask(self, connection: HTTPConnection, name: str, turn: int) -> int:
        method, path = name.split(" ", 1)
        headers = {"Authorization": f"Bearer {self.tokens[turn % len(self.tokens)]}"}
        body = None
        if method == "POST":
            headers["Content-Type"] = "application/json"
            body = json.dumps(self._fill())
        connection.request(method, path, body, headers)
        response = connection.getresponse()
        response.read()
        return response.status

    def _fill(self) -> dict[str, str]:
        return {
            "external_id": f"q{next(self.numbers)}",
            "symbol": "BTC-USD",
            "side": "buy",
            "quantity": "1",
            "price": "100",
            "executed_at": datetime.now(UTC).isoformat(),
        }


def measure(samples: int, seconds: float) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="rrr-bench-") as name:
        folder = Path(name)
        environ = servers.settings_for(folder, servers.free_port())
        with servers.valkey(folder):
            servers.prepare(folder, environ)
            tokens = people(environ, READERS, FILLS)
            tokens.pop(LIMITED)
            product = "rrr_dashboard.asgi:application"
            with servers.running(product, environ, ready="/health/ready") as server:
                return _measured(Asking(server, tokens), samples, seconds)


def _measured(asking: Asking, samples: int, seconds: float) -> dict[str, Any]:
    times = {
        name: [round(took, 3) for took in asking.time_each(name, samples)]
        for name in ASKED
    }
    good = sum(n for status, n in asking.statuses.items() if status // 100 == 2)
    return {
        "samples": times,
        "errors": asking.statuses.total() - good,
        "load": asking.sustain(seconds),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=300, help="of each kind")
    parser.add_argument("--seconds", type=float, default=10.0, help="of the load")
    options = parser.parse_args()
    json.dump(measure(options.samples, options.seconds), sys.stdout)


if __name__ == "__main__":
    main()
