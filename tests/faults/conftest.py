"""Faults on real processes, and the table of what was promised and what was seen.

Seconds in these tests are promises under a fault, not speed. They are stretched by
what this machine is slower than the one they were measured on.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.faults.swallowing import SwallowingProxy, swallowing
from tests.served import Served, until

PEOPLE = ("ada", "ben", "cem", "dea")  # nobody may log in more than ten times a minute
ROWS: list[tuple[str, str, str, str]] = []
STACK = "PostgreSQL" if os.environ.get("TEST_DATABASE_URL") else "SQLite"
# A skipped test fails CI: what needs a PostgreSQL is not collected without one.
collect_ignore = ["test_hanging_postgresql.py"] if STACK == "SQLite" else []
if shutil.which("faketime") is None:
    collect_ignore.append("test_clock_set_back.py")  # `make test` says so
# What the loop of `slowness` takes on the machine of the measurements, in seconds.
USUAL_LOOP = 0.12


def slowness() -> float:
    """How much slower than usual this machine is just now; never under 1."""
    began = time.perf_counter()
    sum(number * number for number in range(2_000_000))
    return max(1.0, (time.perf_counter() - began) / USUAL_LOOP)


class Slowness:
    """How much slower this machine is than the one of the measurements, when a test
    began or when it is asked, whichever is more: seconds * slowness."""

    def __init__(self) -> None:
        self.most = slowness()

    def __rmul__(self, seconds: float) -> float:
        self.most = max(self.most, slowness())
        return seconds * self.most

    def __format__(self, spec: str) -> str:
        return format(self.most, spec)


@pytest.fixture
def factor() -> Slowness:
    return Slowness()


@pytest.fixture
def seen() -> Callable[[str, str, str], None]:
    """seen(fault, promised, seen): a row of the table."""
    return lambda fault, promised, what: ROWS.append((fault, STACK, promised, what))


@pytest.fixture(scope="package")
def proxy() -> Iterator[SwallowingProxy | None]:
    """What stands between the product and a PostgreSQL; None on SQLite."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    if STACK == "SQLite":
        yield None
        return
    with swallowing(parts.hostname or "127.0.0.1", parts.port or 5432) as between:
        yield between


@pytest.fixture(scope="package")
def stack(proxy: SwallowingProxy | None) -> Iterator[dict[str, str]]:
    """The environment of a product on this run's servers, in a database of its own."""
    if proxy is None:
        yield {}
        return
    given, name = os.environ["DATABASE_URL"], f"rrr_faults_{os.getpid()}"
    with psycopg.connect(given, dbname="postgres", autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}".encode())
        parts = urlsplit(given)
        who = parts.netloc.rpartition("@")[0]
        address = f"{who}@127.0.0.1:{proxy.port}"
        url = urlunsplit(parts._replace(netloc=address, path=f"/{name}"))
        yield {"DATABASE_URL": url, "REDIS_URL": os.environ["REDIS_URL"]}
        server.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())


@pytest.fixture(scope="package")
def served(
    tmp_path_factory: pytest.TempPathFactory, stack: dict[str, str]
) -> Iterator[Served]:
    """The one running product of these tests, with people who can log in."""
    state = tmp_path_factory.mktemp("faults") / "state"
    product = Served(state, **stack).ready()
    try:
        product.add_people(*PEOPLE)
        # Whitenoise looks for files when a web process starts.
        Path(state, "static", "nine-megabytes.bin").write_bytes(b"9" * 9_000_000)
        product.kill("granian")
        big_file = "/static/nine-megabytes.bin"
        assert until(20, lambda: product.status(big_file) == 200)
        yield product
        assert product.stop() == 0, product.said()
    finally:
        product.kill_all()


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not ROWS:
        return
    terminalreporter.write_line("\n| fault | stack | promised | seen |")
    terminalreporter.write_line("|---|---|---|---|")
    for row in ROWS:
        terminalreporter.write_line(f"| {' | '.join(row)} |")
