"""`python -m benchmarks.hot`: what the hot reads of 200 people cost, beside a bare view
and the naive stack of the same run, and whether any answer was older than a booking
that had been acknowledged before it was asked for.
"""

from __future__ import annotations

import argparse
import itertools
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path

import jwt

from benchmarks import servers
from benchmarks.people import LIMITED, make_people
from benchmarks.run import BARE, NAIVE, Dose, bearer, cost
from benchmarks.servers import Server

FASTAPI = "FastAPI with response_model, 50"
TRADES, PORTFOLIO = "/api/trades?limit=50", "/api/portfolio"
CONNECTIONS = 6
BOOKING_BOOKS = 10
PAUSE = 1.0 / BOOKING_BOOKS


@dataclass
class Load:
    """Requests of many people on a few connections, one after the other on each."""

    server: Server
    tokens: dict[str, str]
    answers: int = 0
    codes: set[int] = field(default_factory=set)

    def send(
        self,
        requests: int,
        path: Callable[[int], str],
        names: list[str],
        *,
        held: dict[tuple[str, str], str] | None = None,
        look: Callable[[str, str, bytes], None] | None = None,
    ) -> float:
        """CPU microseconds of the web processes a request."""
        before = self.server.cpu_seconds()
        turns = itertools.count()

        def go_on(_: int) -> None:
            connection = HTTPConnection("127.0.0.1", self.server.port, timeout=30)
            while (turn := next(turns)) < requests:
                self._ask(connection, path(turn), names[turn % len(names)], held, look)

        with ThreadPoolExecutor(CONNECTIONS) as threads:
            list(threads.map(go_on, range(CONNECTIONS)))
        return (self.server.cpu_seconds() - before) / requests * 1_000_000

    def _ask(
        self,
        connection: HTTPConnection,
        path: str,
        name: str,
        held: dict[tuple[str, str], str] | None,
        look: Callable[[str, str, bytes], None] | None,
    ) -> None:
        headers = {
            "Authorization": f"Bearer {self.tokens[name]}",
            "Accept-Encoding": "gzip" if look is None else "identity",
        }
        if held and (name, path) in held:
            headers["If-None-Match"] = held[name, path]
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        body = response.read()
        self.codes.add(response.status)
        if held is not None and response.status == 200:
            held[name, path] = response.headers["ETag"]
        if look is not None:
            look(name, path, body)


@dataclass
class Bookings:
    """One fill a second in each of ten books, and what was acknowledged."""

    server: Server
    tokens: dict[str, str]
    acknowledged: dict[str, int] = field(default_factory=dict)
    stale: int = 0
    made: int = 0

    @contextmanager
    def going_on(self) -> Iterator[None]:
        ended = threading.Event()
        thread = threading.Thread(target=self._book, args=(ended,))
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def _book(self, ended: threading.Event) -> None:
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=30)
        for turn in itertools.count():
            if ended.wait(PAUSE):
                return
            name = f"reader{turn % BOOKING_BOOKS}"
            number = self.acknowledged.get(name, 0) + 1
            body = {
                "external_id": f"n{number}",
                "symbol": "BTC-USD",
                "side": "buy",
                "quantity": "1",
                "price": "100",
                "executed_at": datetime.now(UTC).isoformat(),
            }
            headers = {
                "Authorization": f"Bearer {self.tokens[name]}",
                "Content-Type": "application/json",
            }
            connection.request("POST", "/api/trades", json.dumps(body), headers)
            response = connection.getresponse()
            response.read()
            if response.status == 201:
                self.acknowledged[name] = number
                self.made += 1

    def reading(
        self, send: Callable[..., float], requests: int, names: list[str]
    ) -> float:
        """Reads whose newest trade is held against what was acknowledged before."""
        known: dict[int, int] = {}

        def path(turn: int) -> str:
            known[threading.get_ident()] = self.acknowledged.get(
                names[turn % len(names)], 0
            )
            return TRADES

        def look(name: str, path: str, body: bytes) -> None:
            newest = json.loads(body)["trades"][0]["external_id"]
            number = int(newest[1:]) if newest[0] == "n" else 0
            self.stale += number < known[threading.get_ident()]

        return send(requests, path, names, look=look)


def always(path: str) -> Callable[[int], str]:
    return lambda _: path


def people(environ: dict[str, str], count: int, fills: int) -> dict[str, str]:
    """{name: access token} of so many readers with a book each, and of `limited`."""
    return {person.name: person.token for person in make_people(environ, count, fills)}


@dataclass(frozen=True)
class Peers:
    """CPU microseconds a request: a bare view on our server, and what others do."""

    bare: int
    naive: int
    fastapi: int

    def line(self, what: str, spent: float) -> str:
        others = (self.bare, self.naive, self.fastapi)
        ratios = [each / max(1, spent) for each in others]
        return f"| {what} | {spent:,.0f} | {ratios[0]:.2f} | {ratios[1]:.1f} | {ratios[2]:.1f} |"


def measure(readers: int, requests: int) -> list[str]:
    """The rows of the table."""
    with tempfile.TemporaryDirectory(prefix="rrr-bench-") as name:
        folder = Path(name)
        environ = servers.settings_for(folder, servers.free_port())
        with servers.valkey(folder):
            servers.prepare(folder, environ)
            tokens = people(environ, readers, 50)
            return _rows(environ, tokens, requests, _peers(environ, requests))


def _peers(environ: dict[str, str], requests: int) -> Peers:
    some = min(requests, 2000)
    path, few = "/api/trades", Dose(max(20, some // 4))
    with servers.running(
        "benchmarks.bare:behind_the_door", environ, ready="/"
    ) as server:
        bare = cost(server, BARE, "/", {}, Dose(some)).cpu_us
    with servers.running(
        "benchmarks.naive.app:application", environ, ready=path, door=False
    ) as server:
        headers = bearer(server, environ["DEMO_PASSWORD"])
        naive = cost(server, NAIVE, path, headers, few).cpu_us
    with servers.running("benchmarks.fastapi_peer:app", environ, ready=path) as server:
        token = jwt.encode({"sub": "x"}, environ["SECRET_KEY"], "HS512")
        headers = {"Authorization": f"Bearer {token}"}
        fastapi = cost(server, FASTAPI, path, headers, few).cpu_us
    return Peers(max(1, bare), naive, fastapi)


def _rows(
    environ: dict[str, str], tokens: dict[str, str], requests: int, peers: Peers
) -> list[str]:
    names = [name for name in tokens if name != LIMITED]
    lines = [
        peers.line("bare view", peers.bare),
        peers.line(NAIVE, peers.naive),
        peers.line(FASTAPI, peers.fastapi),
    ]
    product = "rrr_dashboard.asgi:application"
    with servers.running(product, environ, ready="/health/ready") as server:
        load = Load(server, tokens)
        for path in (TRADES, PORTFOLIO):
            missed = load.send(len(names), always(path), names)
            lines.append(peers.line(f"{path}, cold", missed))
            hot = load.send(requests, always(path), names)
            lines.append(peers.line(f"{path}, hot", hot))
        held: dict[tuple[str, str], str] = {}
        load.send(len(names), always(TRADES), names, held=held)
        spent = load.send(requests, always(TRADES), names, held=held)
        lines.append(peers.line(f"{TRADES}, 304", spent))
        booking = Bookings(server, tokens)
        began = time.monotonic()
        with booking.going_on():
            spent = booking.reading(load.send, requests, names)
        rate = requests / (time.monotonic() - began)
        said = f"hot, {booking.made} booked meanwhile, {rate:,.0f} reads/s"
        lines.append(peers.line(f"{TRADES}, {said}", spent))
        lines.append(f"| stale answers | {booking.stale} | | | |")
        spent = load.send(requests, always(PORTFOLIO), [LIMITED])
        lines.append(peers.line("a refusal (429)", spent))
        lines.append(
            f"| a refusal is | {spent / hot:.2f} of a hot answer, "
            f"{spent / missed:.2f} of a miss | | | |"
        )
        lines.append(f"| memory of a web process | {server.megabytes():.0f} MB | | | |")
        lines.append(f"| answers | {', '.join(map(str, sorted(load.codes)))} | | | |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--requests", type=int, default=20_000, help="of each kind")
    options = parser.parse_args()
    print("| what | CPU µs a request | as many as bare | times naive | times FastAPI |")
    print("|---|---:|---:|---:|---:|")
    print("\n".join(measure(options.people, options.requests)))


if __name__ == "__main__":
    main()
