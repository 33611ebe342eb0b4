"""Faults on real processes, and the table of what was promised and what was seen.

Seconds in these tests are promises under a fault, not speed. They are stretched by
what this machine is slower than the one they were measured on.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.faults.first_start import keep
from tests.faults.mailing import MailServer
from tests.faults.swallowing import SwallowingProxy, swallowing
from tests.served import Served, until
from tests.slowness import Slowness

PEOPLE = ("ada", "ben", "cem", "dea")  # nobody may log in more than ten times a minute
# `make faults` kills each part ten times and takes ten backups, the suite one of each.
ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
ROWS: list[tuple[str, str, str, str]] = []
STACK = "PostgreSQL" if os.environ.get("TEST_DATABASE_URL") else "SQLite"
# A skipped test fails CI: what needs a PostgreSQL is not collected without one.
ON_POSTGRESQL = [
    "test_full_postgresql.py",
    "test_hanging_beside_work.py",
    "test_hanging_postgresql.py",
]
collect_ignore = [*ON_POSTGRESQL] if STACK == "SQLite" else []
# What happens before either database: `make faults` asks it of both stacks.
BEFORE_DATABASES = [
    "test_clock_set_back.py",
    "test_limits.py",
    "test_revocation.py",
    "test_slow_clients.py",
]
if STACK == "PostgreSQL" and ROUNDS == 1:
    collect_ignore += BEFORE_DATABASES
# Minutes of waiting for words that must not come sooner: `make faults` alone.
if ROUNDS == 1:
    collect_ignore += ["test_errors_and_slowness.py", "test_unnoticed.py"]
if shutil.which("faketime") is None:
    collect_ignore.append("test_clock_set_back.py")  # `make test` says so


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


def through(proxy: SwallowingProxy) -> str:
    """This run's DATABASE_URL, by way of the proxy."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    who = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{who}@127.0.0.1:{proxy.port}"))


@pytest.fixture(scope="package")
def stack(proxy: SwallowingProxy | None) -> Iterator[dict[str, str]]:
    """The environment of a product on this run's servers, in a database of its own."""
    if proxy is None:
        yield {}
        return
    given, name = os.environ["DATABASE_URL"], f"rrr_faults_{os.getpid()}"
    _at_server(given, f"CREATE DATABASE {name}")
    url = urlsplit(through(proxy))._replace(path=f"/{name}")
    yield {"DATABASE_URL": urlunsplit(url), "REDIS_URL": os.environ["REDIS_URL"]}
    _at_server(given, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def _at_server(given: str, statement: str) -> None:
    """By a connection of its own: one that idled through minutes of faults was closed
    at the end of them. A server that has just lost a process takes nobody a moment."""
    for _ in range(5):
        with (
            suppress(psycopg.OperationalError),
            psycopg.connect(given, dbname="postgres", autocommit=True) as server,
        ):
            server.execute(statement.encode())
            return
        time.sleep(2)
    raise AssertionError(f"the server did not take: {statement}")


@pytest.fixture(scope="package")
def first_product(
    tmp_path_factory: pytest.TempPathFactory, stack: dict[str, str]
) -> Iterator[Served]:
    product = Served(tmp_path_factory.mktemp("faults") / "state", **stack).ready()
    try:
        yield product
        assert product.stop() == 0, product.said()
    finally:
        product.kill_all()


@pytest.fixture(scope="package")
def kept(first_product: Served, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What its first start left, before anybody changed it."""
    folder = tmp_path_factory.mktemp("kept") / "state"
    keep(first_product.state, folder)
    return folder


@pytest.fixture(scope="package")
def served(first_product: Served, kept: Path) -> Served:
    """The one running product of these tests, with people who can log in."""
    product = first_product
    product.add_people(*PEOPLE)
    # Whitenoise looks for files when a web process starts.
    big_file = product.state / "static" / "nine-megabytes.bin"
    big_file.write_bytes(b"9" * 9_000_000)
    product.kill("granian")
    address = f"/static/{big_file.name}"
    assert until(20 * Slowness(), lambda: product.status(address) == 200)
    return product


@pytest.fixture
def mails() -> Iterator[MailServer]:
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not ROWS:
        return
    terminalreporter.write_line("\n| fault | stack | promised | seen |")
    terminalreporter.write_line("|---|---|---|---|")
    for row in ROWS:
        terminalreporter.write_line(f"| {' | '.join(row)} |")
