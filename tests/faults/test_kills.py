"""kill -9 in a loop: what was acknowledged is there, once, and a retry does not wait."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connections

from tests.faults.conftest import ROUNDS, STACK
from tests.faults.first_start import as_kept
from tests.faults.test_foreign_writer import holding
from tests.served import Served, until
from tests.slowness import Slowness

pytestmark = [pytest.mark.process, pytest.mark.timeout(900)]
BESIDE = "valkey-server" if STACK == "SQLite" else "database"
PARTS = ("web", "-Q tick", "-Q heavy", "rrr_dashboard beat", "manage.py watch", BESIDE)
CLIENTS = 4
LONGEST_RETRY = 6.0


@dataclass
class Clients:
    """They post trades under an Idempotency-Key, each again until it is there."""

    served: Served
    token: str
    prefix: str = "killed"
    over: threading.Event = field(default_factory=threading.Event)
    acknowledged: list[str] = field(default_factory=list)
    retries: list[float] = field(default_factory=list)
    strange: list[object] = field(default_factory=list)

    def work(self, client: int) -> None:
        number = 0
        while not self.over.is_set():
            number += 1
            self.post(f"{self.prefix}-{client}-{number}")
            self.over.wait(0.05)

    def post(self, name: str) -> None:
        trade, answered, again = self.served.trade(name), 0.0, False
        while True:
            answer = self.served.ask("/api/trades", trade, token=self.token, key=name)
            if answer.status not in {0, 503}:
                answered = answered or time.monotonic()
            if answer.status == 201:
                break
            if answer.status not in {0, 409, 503}:
                self.strange.append(answer)
                return
            again = True
            time.sleep(0.1)
        self.acknowledged.append(name)
        if again:
            self.retries.append(time.monotonic() - answered)


def kill(served: Served, part: str) -> None:
    """A web process, the database's server, or the part with the children that it has."""
    if part == "database":
        kill_database(served)
        return
    if part != "web":
        served.kill(part)
        return
    for pid in served.children_of(served.pid_of("granian"))[-1:]:
        os.kill(pid, signal.SIGKILL)


def kill_database(served: Served) -> None:
    """kill -9 of whoever serves one of the product's connections: the server ends all
    the others, reads its log again, and lets them come back."""
    address = urlsplit(os.environ["DATABASE_URL"])
    name = urlsplit(served.environment["DATABASE_URL"]).path.strip("/")
    with psycopg.connect(
        address.geturl(), dbname="postgres", autocommit=True
    ) as server:
        found = server.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s LIMIT 1", [name]
        ).fetchone()
        if found is None:
            return
        try:
            os.kill(found[0], signal.SIGKILL)
        except (ProcessLookupError, PermissionError):  # a server elsewhere
            server.execute("SELECT pg_terminate_backend(%s)", [found[0]])
    connections.close_all()  # those of the tests have ended, too


def test_what_was_acknowledged_is_there_once(
    served: Served, factor: Slowness, seen: Callable[[str, str, str], None]
) -> None:
    clients = Clients(served, served.token("cem"))
    threads = [
        threading.Thread(target=clients.work, args=(client,))
        for client in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    kills = 0
    try:
        for _ in range(ROUNDS):
            for part in PARTS:
                kill(served, part)
                kills += 1
                time.sleep(2.5)
    finally:
        clients.over.set()
        for thread in threads:
            thread.join()
    there = served.count_trades("killed-")
    longest = max(clients.retries, default=0.0)
    seen(
        f"{kills} x kill -9",
        "0 lost, 0 doubled, a retry ≤ 6 s",
        f"{len(clients.acknowledged)} acknowledged, {there} there, "
        f"{len(clients.retries)} retried, ≤ {longest:.1f} s",
    )
    assert clients.strange == []
    assert len(clients.acknowledged) > CLIENTS
    assert there == len(clients.acknowledged)
    assert longest <= LONGEST_RETRY * factor
    assert until(60, lambda: served.status("/health/ready") == 200)
    for words in (("verify_log",), ("rebuild_portfolio", "--check")):
        checked = served.manage(*words)
        assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.embedded
def test_a_stop_lets_running_tasks_finish(
    tmp_path: Path,
    kept: Path,
    seen: Callable[[str, str, str], None],
) -> None:
    served = Served(as_kept(kept, tmp_path / "state")).ready()
    try:
        with holding(served.state / "rrr.sqlite3"):
            time.sleep(12)  # a tick has begun, and waits to write
            os.kill(served.process.pid, signal.SIGTERM)
            time.sleep(2)
        began = time.monotonic()
        assert served.process.wait(40) == 0
        seen(
            "stop in the midst of a task",
            "it finishes, no WorkerLostError",
            f"ended {time.monotonic() - began:.1f} s after it could",
        )
        assert "WorkerLostError" not in served.said()
        assert served.session() == {}
    finally:
        served.kill_all()
