"""`python -m benchmarks.mixed`: the load of the promise on pages and API together.

200 people on 16 lines from two processes beside the server: 60 % hot reads of the API,
25 % polls of open pages, 13 % whole pages, 2 % bookings, each followed by the read that
it made anew; one person of each line books. First with everything cold, then warm (each
person has every page open), with Redis gone, with Redis back.
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


# What the open page of a person holds: {(name, path): tag}.
Tags = dict[tuple[str, str], str]


@dataclass
class Visitor:
    """Who asks on one line: another of its people each time, as the mix has it; the
    first of them is who books."""

    line: Line
    people: Sequence[Person]
    dice: random.Random
    mark: str
    tags: Tags
    tally: Tally = field(default_factory=Tally)

    def open_all(self) -> None:
        """Each of its people opens every page, twice."""
        for who in self.people:
            for path in POLLED:
                self._poll(who, path)
            for path in [*PAGES, *PAGES]:
                self._get("page", path, who.browser)

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
        self._poll(who, self.dice.choice(list(POLLED)))

    def _poll(self, who: Person, path: str) -> None:
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

    def book(self, _who: Person, turn: int) -> None:
        who = self.people[0]
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
    ports: Sequence[int],
    people: Sequence[Person],
    tags: Tags,
    seconds: float,
    seed: int,
) -> tuple[Tally, Tags]:
    """What one process of visitors was answered, and what their pages hold then; in no
    seconds at all they only open their pages."""
    lines = range(seed * THREADS, (seed + 1) * THREADS)
    visitors = [
        Visitor(
            Line(ports[number % len(ports)]),
            people[number :: PROCESSES * THREADS],
            random.Random(number),
            f"v{number}-{time.time_ns()}",
            tags,
        )
        for number in lines
    ]
    threads = [
        threading.Thread(target=visitor.go_on, args=(seconds,))
        if seconds
        else threading.Thread(target=visitor.open_all)
        for visitor in visitors
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Tally().add_all(visitor.tally for visitor in visitors), tags


@dataclass
class Run:
    """The servers under load, and the lines of the table."""

    running: Sequence[Server]
    people: Sequence[Person]
    lines: list[str] = field(default_factory=list)
    tags: Tags = field(default_factory=dict)

    def send(self, seconds: float) -> Tally:
        """From processes of their own."""
        ports = [server.port for server in self.running]
        spawn = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(PROCESSES, mp_context=spawn) as pool:
            parts = [
                pool.submit(visit, ports, self.people, self.tags, seconds, seed)
                for seed in range(PROCESSES)
            ]
            told = [part.result() for part in parts]
        self.tags = {key: tag for _, tags in told for key, tag in tags.items()}
        return Tally().add_all(tally for tally, _ in told)

    def phase(self, name: str, seconds: float) -> Tally:
        before = sum(server.cpu_seconds() for server in self.running)
        tally = self.send(seconds)
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
            run.send(0)
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
