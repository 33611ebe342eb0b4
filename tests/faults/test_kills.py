"""kill -9 in a loop: what was acknowledged is there, once, and a retry does not wait."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from tests.faults.conftest import Slowness
from tests.faults.test_foreign_writer import holding
from tests.served import ROOT, Served, until

pytestmark = [pytest.mark.process, pytest.mark.timeout(900)]
# One round kills each part once; `make faults` takes ten, the suite one.
ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
PARTS = ("web", "-Q tick", "-Q heavy", "rrr_dashboard beat", "manage.py watch")
CLIENTS = 4
LONGEST_RETRY = 6.0


@dataclass
class Clients:
    """They post trades under an Idempotency-Key, each again until it is there."""

    served: Served
    token: str
    over: threading.Event = field(default_factory=threading.Event)
    acknowledged: list[str] = field(default_factory=list)
    retries: list[float] = field(default_factory=list)
    strange: list[object] = field(default_factory=list)

    def work(self, client: int) -> None:
        number = 0
        while not self.over.is_set():
            number += 1
            self.post(f"killed-{client}-{number}")
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
    """A web process, or the part with the children that it has."""
    if part != "web":
        served.kill(part)
        return
    for pid in served.children_of(served.pid_of("granian"))[-1:]:
        os.kill(pid, signal.SIGKILL)


def manage(served: Served, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*served.beside, sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=served.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


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
        checked = manage(served, *words)
        assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.embedded
def test_a_stop_lets_running_tasks_finish(
    tmp_path_factory: pytest.TempPathFactory,
    seen: Callable[[str, str, str], None],
) -> None:
    served = Served(tmp_path_factory.mktemp("drain") / "state").ready()
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
