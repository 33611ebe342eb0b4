"""`python -m benchmarks.mixed`: the load of the promise on pages and API together.

200 people on 16 lines from two processes beside the server: 60 % hot reads of the API,
25 % polls of open pages, 13 % whole pages, 2 % bookings, each followed by the read that
they made anew. First with everything cold, then warm, with Redis gone, with Redis back.
`--instances 3` starts as many servers on one database, one Redis and one state directory.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import random
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from benchmarks import servers
from benchmarks.clients import Line, Tally, timed
from benchmarks.people import Person, make_people
from benchmarks.servers import Server

PRODUCT = "rrr_dashboard.asgi:application"
PROCESSES, THREADS = 2, 8
COLD_SECONDS = 10.0
HOT = ("/api/trades?limit=50", "/api/portfolio")
POLLED = {"/": "div#overview", "/portfolio/": "div#board"}
PAGES = ("/", "/portfolio/", "/trades/", "/performance/")
KINDS = ("hot read", "poll", "page", "booking", "read after it")
SHARES = (60, 25, 13, 2)


@dataclass
class Visitor:
    """Who asks on one line: another person each time, as the mix has it."""

    line: Line
    people: Sequence[Person]
    dice: random.Random
    mark: str
    tally: Tally = field(default_factory=Tally)
    tags: dict[tuple[str, str], str] = field(default_factory=dict)

    def go_on(self, seconds: float) -> None:
        acts = (self.read, self.poll, self.look, self.book)
        ends = time.monotonic() + seconds
        for turn in count():
            if time.monotonic() >= ends:
                self.line.close()
                return
            act = self.dice.choices(acts, SHARES)[0]
            act(self.dice.choice(self.people), turn)

    def read(self, who: Person, turn: int) -> None:
        self._get("hot read", self.dice.choice(HOT), who.bearer)

    def look(self, who: Person, turn: int) -> None:
        self._get("page", self.dice.choice(PAGES), who.browser)

    def poll(self, who: Person, turn: int) -> None:
        path = self.dice.choice(list(POLLED))
        partial = {
            **who.browser,
            "HX-Request": "true",
            "HX-Request-Type": "partial",
            "HX-Target": POLLED[path],
            "X-Poll": "true",
        }
        held = self.tags.get((who.name, path), "")
        kind = "poll" if held else "page"  # the first is a page that was opened
        tag = self._get(kind, path, {**partial, "HX-PTag": held} if held else partial)
        if tag:
            self.tags[who.name, path] = tag

    def book(self, who: Person, turn: int) -> None:
        fill = {
            "external_id": f"{self.mark}-{turn}",
            "symbol": "BTC-USD",
            "side": "buy",
            "quantity": "1",
            "price": "100",
            "executed_at": datetime.now(UTC).isoformat(),
        }
        headers = {**who.bearer, "Content-Type": "application/json"}
        body = json.dumps(fill).encode()
        timed(self.line, self.tally, "booking", "POST", "/api/trades", headers, body)
        self._get("read after it", HOT[0], who.bearer)

    def _get(self, kind: str, path: str, headers: dict[str, str]) -> str:
        reply = timed(self.line, self.tally, kind, "GET", path, headers)
        return reply.headers.get("hx-ptag", "") if reply else ""


def visit(
    ports: Sequence[int], people: Sequence[Person], seconds: float, seed: int
) -> Tally:
    """What one process of visitors was answered."""
    visitors = [
        Visitor(
            Line(ports[number % len(ports)]),
            people,
            random.Random(seed * THREADS + number),
            f"v{seed}-{number}-{time.time_ns()}",
        )
        for number in range(THREADS)
    ]
    threads = [
        threading.Thread(target=visitor.go_on, args=(seconds,)) for visitor in visitors
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Tally().add_all(visitor.tally for visitor in visitors)


@dataclass
class Run:
    """The servers under load, and the lines of the table."""

    running: Sequence[Server]
    people: Sequence[Person]
    lines: list[str] = field(default_factory=list)

    def phase(self, name: str, seconds: float) -> Tally:
        ports = [server.port for server in self.running]
        before = sum(server.cpu_seconds() for server in self.running)
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(PROCESSES, mp_context=spawn) as pool:
            parts = [
                pool.submit(visit, ports, self.people, seconds, seed)
                for seed in range(PROCESSES)
            ]
            tally = Tally().add_all(part.result() for part in parts)
        spent = sum(server.cpu_seconds() for server in self.running) - before
        p50, p95, p99 = tally.percentiles()
        cost = spent / max(1, tally.count) * 1_000_000
        self.lines.append(
            f"| {name} | {tally.count / seconds:,.0f} | {p50:.1f} | {p95:.1f} "
            f"| {p99:.1f} | {tally.errors()} | {cost:,.0f} |"
        )
        return tally


def measure(readers: int, seconds: float, instances: int) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="rrr-bench-") as name:
        folder = Path(name)
        environ = servers.settings_for(folder, servers.free_port())
        with contextlib.ExitStack() as stack:
            redis = stack.enter_context(servers.valkey(folder))
            servers.prepare(folder, environ)
            people = make_people(environ, readers, 50)[:-1]
            servers.run(environ, "manage.py", "rebuild_portfolio")
            running = [
                stack.enter_context(
                    servers.running(PRODUCT, environ, ready="/health/ready")
                )
                for _ in range(instances)
            ]
            run = Run(running, people)
            run.phase(f"cold, the first {COLD_SECONDS:.0f} s", COLD_SECONDS)
            warm = run.phase("warm", seconds)
            redis.stop()
            run.phase("Redis gone", seconds / 2)
            redis.start()
            run.phase("Redis back", seconds / 2)
            memory = max(server.megabytes() for server in running)
        yield from run.lines
        yield ""
        yield from _by_kind(warm)
        yield f"\nstatuses while warm: {dict(warm.statuses)}; memory: {memory:.0f} MB"


def _by_kind(tally: Tally) -> Iterator[str]:
    yield "| warm, by kind | answers | P50 ms | P95 ms | P99 ms |"
    yield "|---|---:|---:|---:|---:|"
    for kind in KINDS:
        p50, p95, p99 = tally.percentiles(kind)
        answers = len(tally.seconds.get(kind, ()))
        yield f"| {kind} | {answers:,} | {p50:.1f} | {p95:.1f} | {p99:.1f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=60.0, help="warm")
    parser.add_argument("--instances", type=int, default=1)
    options = parser.parse_args()
    print(
        f"| mixed load, {options.instances} instance(s) | answers a second | P50 ms "
        "| P95 ms | P99 ms | errors | CPU µs of web an answer |"
    )
    print("|---|---:|---:|---:|---:|---:|---:|")
    for line in measure(options.people, options.seconds, options.instances):
        print(line)


if __name__ == "__main__":
    main()
