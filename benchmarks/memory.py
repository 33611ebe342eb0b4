"""`python -m benchmarks.memory`: a web process' memory while it answers a million hot
reads, 304s and refused tokens, and whether the second half added anything."""

from __future__ import annotations

import argparse
import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

from benchmarks import servers
from benchmarks.clients import Line, Tally, timed
from benchmarks.mixed import HOT, PRODUCT
from benchmarks.people import Person, make_people
from benchmarks.servers import Server

LINES = 8
TENTHS = 10


def send(server: Server, people: Sequence[Person], requests: int) -> Tally:
    """So many reads on eight lines."""
    tallies = [Tally() for _ in range(LINES)]

    def go_on(number: int) -> None:
        line, tally, held = Line(server.port), tallies[number], ""
        for turn in range(requests // LINES):
            who = people[(turn * LINES + number) % len(people)]
            headers = dict(who.bearer)
            if turn % 3 == 2:
                headers["If-None-Match"] = held
            if turn % 100 == 99:
                headers["Authorization"] = f"Bearer {who.token}x"
            reply = timed(line, tally, "", "GET", HOT[turn % 2], headers)
            held = reply.headers.get("etag", "") if reply else ""
        line.close()

    threads = [threading.Thread(target=go_on, args=(n,)) for n in range(LINES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Tally().add_all(tallies)


def measure(readers: int, requests: int) -> list[str]:
    lines = ["| requests | memory of a web process, MB | errors |", "|---:|---:|---:|"]
    with tempfile.TemporaryDirectory(prefix="rrr-bench-") as name:
        folder = Path(name)
        environ = servers.settings_for(folder, servers.free_port())
        with servers.valkey(folder):
            servers.prepare(folder, environ)
            people = make_people(environ, readers, 50)[:-1]
            with servers.running(PRODUCT, environ, ready="/health/ready") as server:
                sent = 0
                for _ in range(TENTHS):
                    tally = send(server, people, requests // TENTHS)
                    sent += tally.count
                    # A forged token is refused, or counted to the address.
                    errors = tally.errors("401", "429")
                    lines.append(f"| {sent:,} | {server.megabytes():.0f} | {errors} |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=200)
    parser.add_argument("--requests", type=int, default=1_000_000)
    options = parser.parse_args()
    print("\n".join(measure(options.people, options.requests)))


if __name__ == "__main__":
    main()
