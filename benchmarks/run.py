"""`make bench`: what a request costs, in CPU time of the web processes.

One table from one run: a bare view and a naive stack stand beside the product on the
same server. See benchmarks/README.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from http.client import HTTPConnection
from pathlib import Path

from benchmarks import servers
from benchmarks.servers import Server

NAIVE = "naive /api/trades, 50"
BARE = "bare view"
NO_DOOR = "bare view, no door"
PRODUCT = {
    "/health/live": "/health/live",
    "/api/me": "/api/me",
    "/api/trades, 50": "/api/trades?limit=50",
    "/api/portfolio/positions": "/api/portfolio/positions",
    "/api/portfolio": "/api/portfolio",
    "/api/performance": "/api/performance",
}


@dataclass(frozen=True)
class Cost:
    """CPU time of the web processes per request, in microseconds, and the body."""

    name: str
    cpu_us: int
    body_bytes: int
    requests: int


def fetch(connection: HTTPConnection, path: str, headers: dict[str, str]) -> bytes:
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        sys.exit(f"{path} answered {response.status}: {body[:300]!r}")
    return body


@dataclass(frozen=True)
class Dose:
    """How often each request is sent, and before that without counting."""

    requests: int
    warm_up: int = 20


def cost(
    server: Server, name: str, path: str, headers: dict[str, str], dose: Dose
) -> Cost:
    """What each costs, one after the other on one connection."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    for _ in range(dose.warm_up):
        body = fetch(connection, path, headers)
    before = server.cpu_seconds()
    for _ in range(dose.requests):
        fetch(connection, path, headers)
    spent = server.cpu_seconds() - before
    each = round(spent / dose.requests * 1_000_000)
    return Cost(name, each, len(body), dose.requests)


def bearer(server: Server, password: str) -> dict[str, str]:
    """The headers of the demo's trader."""
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    credentials = json.dumps({"username": "trader", "password": password})
    connection.request(
        "POST", "/api/token", credentials, {"Content-Type": "application/json"}
    )
    response = connection.getresponse()
    body = response.read()
    if response.status != 200:
        sys.exit(f"/api/token answered {response.status}: {body[:300]!r}")
    return {"Authorization": f"Bearer {json.loads(body)['access']}"}


def measure(dose: Dose) -> list[Cost]:
    with tempfile.TemporaryDirectory(prefix="rrr-bench-") as name:
        folder = Path(name)
        environ = servers.settings_for(folder, servers.free_port())
        with servers.valkey(folder):
            servers.prepare(folder, environ)
            return _measured(environ, dose)


def _measured(environ: dict[str, str], dose: Dose) -> list[Cost]:
    password = environ["DEMO_PASSWORD"]
    costs = []
    for name, application in (
        (NO_DOOR, "benchmarks.bare:application"),
        (BARE, "benchmarks.bare:behind_the_door"),
    ):
        door = name == BARE
        with servers.running(application, environ, ready="/", door=door) as server:
            costs.append(cost(server, name, "/", {}, dose))
    naive = "benchmarks.naive.app:application"
    ready = "/api/trades"
    with servers.running(naive, environ, ready=ready, door=False) as server:
        headers = bearer(server, password)
        costs.append(cost(server, NAIVE, "/api/trades", headers, dose))
    product = "rrr_dashboard.asgi:application"
    with servers.running(product, environ, ready="/health/ready") as server:
        headers = bearer(server, password)
        costs += [
            cost(server, name, path, headers, dose) for name, path in PRODUCT.items()
        ]
    return costs


def table(costs: list[Cost]) -> str:
    bare = max(1, next(row.cpu_us for row in costs if row.name == BARE))
    naive = max(1, next(row.cpu_us for row in costs if row.name == NAIVE))
    lines = [
        "| what | CPU µs a request | x bare | x naive | body bytes |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {row.name} | {row.cpu_us:,} | {row.cpu_us / bare:.1f} "
        f"| {row.cpu_us / naive:.2f} | {row.body_bytes:,} |"
        for row in costs
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=500, help="of each kind")
    parser.add_argument(
        "--warm-up", type=int, default=Dose.warm_up, help="of each kind, uncounted"
    )
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args()
    costs = measure(Dose(options.requests, max(1, options.warm_up)))
    if options.json:
        print(json.dumps([asdict(row) for row in costs], indent=2))
    else:
        print(table(costs))


if __name__ == "__main__":
    main()
