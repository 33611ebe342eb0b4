"""Answers that fail and answers that are slow, with only web and watch alive: people
hear of both, and of their end."""

from __future__ import annotations

import contextlib
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from tests.faults.first_start import DATABASE, as_kept
from tests.faults.test_foreign_writer import holding
from tests.faults.test_unnoticed import mailed, signalled
from tests.served import PASSWORD, Served, until
from tests.slowness import Slowness

pytestmark = [pytest.mark.process, pytest.mark.embedded, pytest.mark.timeout(600)]
ERRORS, SLOW = "High error rate", "Slow answers (P95)"
# What one list reads, and no booking of a plain trade.
TABLE, AWAY = "trades_balancestatement", "trades_balancestatement_away"
CLIENTS = 4  # twenty requests, which a rate needs, come in a few seconds
HELD_SECONDS = 1.0  # longer than the threshold of P95, shorter than a write waits
FREE_SECONDS = 0.5  # for the ticks of watch, which write too


@pytest.fixture
def desk(tmp_path: Path, kept: Path) -> Iterator[Served]:
    """A product whose workers and beat stand still: only web and watch do anything."""
    served = Served(as_kept(kept, tmp_path / "state")).ready()
    try:
        served.add_people("ada")
        served.add_people("olga", role="Operator")
        known = served.state / "paging.json"
        assert until(
            60 * Slowness(), lambda: known.exists() and "olga" in known.read_text()
        )
        assert until(60 * Slowness(), lambda: stood_still(served))
        assert until(60 * Slowness(), lambda: "ticking in its stead" in served.said())
        yield served
    finally:
        served.kill_all()


def stood_still(served: Served) -> bool:
    """Stops workers and beat; lets them go on where one of them was writing."""
    pids = [pid for pid, line in served.session().items() if "celery" in line]
    signalled(pids, signal.SIGSTOP)
    answer = served.ask("/api/token", {"username": "ada", "password": PASSWORD})
    if answer.status == 200:
        return True
    signalled(pids, signal.SIGCONT)
    return False


@contextlib.contextmanager
def in_background(work: Callable[[], None], times: int = 1) -> Iterator[None]:
    """So many at once do it again and again until the `with` ends."""
    over = threading.Event()

    def repeat() -> None:
        while not over.wait(0.1):
            work()

    threads = [threading.Thread(target=repeat) for _ in range(times)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def rename(database: Path, old: str, new: str) -> None:
    """Of a table alone: what names it elsewhere keeps the old name."""
    with closing(sqlite3.connect(database, timeout=10)) as stranger:
        stranger.execute("PRAGMA legacy_alter_table = ON")
        stranger.execute(f"ALTER TABLE {old} RENAME TO {new}")
        stranger.commit()


def test_errors_and_slow_answers_are_mailed_within_a_minute_and_so_is_their_end(
    desk: Served, factor: Slowness, seen: Callable[[str, str, str], None]
) -> None:
    token, database = desk.token("ada"), desk.state / DATABASE
    assert desk.ask("/api/balances", token=token).status == 200

    def hold() -> None:
        with holding(database):
            time.sleep(HELD_SECONDS)
        time.sleep(FREE_SECONDS)

    def use() -> None:
        desk.ask("/api/balances", token=token)
        desk.post_trade(token, f"slow-{uuid4()}")

    rename(database, TABLE, AWAY)
    assert desk.ask("/api/balances", token=token).status == 500
    began, told = time.monotonic(), {}
    with in_background(hold), in_background(use, CLIENTS):
        for title in (ERRORS, SLOW):
            assert until(60 * factor, lambda: mailed(desk, f"{title} firing")), title  # noqa: B023
            told[title] = time.monotonic() - began
    rename(database, AWAY, TABLE)
    over, ended = time.monotonic(), {}
    for title in (ERRORS, SLOW):
        assert until(120 * factor, lambda: mailed(desk, f"{title} resolved")), title  # noqa: B023
        ended[title] = time.monotonic() - over
    assert desk.ask("/api/balances", token=token).status == 200
    for title in (ERRORS, SLOW):
        seen(
            f"{title}, only web and watch alive",
            "mailed ≤ 60 s, resolved ≤ 120 s",
            f"{told[title]:.0f} s, {ended[title]:.0f} s",
        )
