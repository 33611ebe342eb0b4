"""Faults of which nobody would hear by themselves: web processes that stand still, a
database file with another in its place, parts without their `serve`. Somebody is told."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.first_start import DATABASE, as_kept
from tests.served import Served, until
from tests.slowness import Slowness

pytestmark = [pytest.mark.process, pytest.mark.embedded, pytest.mark.timeout(600)]
REPLACED = "was replaced by another file"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, kept: Path) -> Iterator[Served]:
    """A product of these tests' own; the last of them leaves it without its `serve`."""
    state = tmp_path_factory.mktemp("unnoticed") / "state"
    served = Served(as_kept(kept, state)).ready()
    try:
        served.add_people("ada")
        served.add_people("olga", role="Operator")
        known = served.state / "paging.json"
        # Whom to tell is remembered by each tick, for when no database says it.
        assert until(
            60 * Slowness(), lambda: known.exists() and "olga" in known.read_text()
        )
        yield served
    finally:
        served.kill_all()


def mailed(served: Served, words: str) -> bool:
    mails = (served.state / "mail").glob("*")
    texts = (mail.read_text(errors="replace") for mail in mails)
    return any(words in text.replace("=\n", "") for text in texts)


def signalled(pids: list[int], number: int) -> None:
    for pid in pids:
        os.kill(pid, number)


def test_a_file_put_in_the_databases_place_is_opened_by_nobody(
    desk: Served,
    tmp_path: Path,
    factor: Slowness,
    seen: Callable[[str, str, str], None],
) -> None:
    """`mv` of an older copy over it; the one that was there is kept by a second name."""
    token, database = desk.token("ada"), desk.state / DATABASE
    older, true = tmp_path / "older.sqlite3", desk.state / "true.sqlite3"
    with closing(sqlite3.connect(database)) as running:
        running.execute("VACUUM INTO ?", [str(older)])
    assert desk.post_trade(token, "swapped-before").status == 201
    true.hardlink_to(database)
    copied = older.read_bytes()
    older.replace(database)
    began = time.monotonic()

    assert until(10 * factor, lambda: desk.post_trade(token, "no").status == 503)
    assert desk.ask("/api/trades?q=no", token=token).status == 503
    assert desk.ask("/health").status == 503
    assert until(30 * factor, lambda: mailed(desk, REPLACED))
    told = time.monotonic() - began
    doctor = desk.manage("doctor")
    assert doctor.returncode == 1
    assert f"{database} {REPLACED}" in doctor.stdout
    assert database.read_bytes() == copied, "nobody wrote into it"

    true.replace(database)
    began = time.monotonic()
    assert until(
        10 * factor, lambda: desk.post_trade(token, "swapped-after").status == 201
    )
    assert desk.count_trades("swapped-") == 2
    checked = desk.manage("verify_log")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    seen(
        "the database file is replaced by an older copy",
        "503, mailed ≤ 30 s, nothing written into it; the true one back: nothing lost",
        f"mailed after {told:.0f} s, back after {time.monotonic() - began:.1f} s",
    )


def test_web_that_stands_still_and_parts_without_serve_are_mailed_within_a_minute(
    desk: Served, factor: Slowness, seen: Callable[[str, str, str], None]
) -> None:
    """One after the other; the first is over while the second is waited for."""
    token = desk.token("olga")

    def serve() -> str:
        checks = json.loads(desk.ask("/health", token=token).body)["checks"]
        return str(checks["serve"][0]["status"])

    assert until(10 * factor, lambda: serve() == "pass")
    still = [pid for pid, line in desk.session().items() if "granian" in line]
    signalled(still, signal.SIGSTOP)
    frozen = time.monotonic()
    assert until(
        60 * factor, lambda: mailed(desk, "The product does not answer firing")
    )
    told = time.monotonic() - frozen
    signalled(still, signal.SIGCONT)
    signalled([desk.process.pid], signal.SIGKILL)
    began = time.monotonic()
    assert until(10 * factor, lambda: serve() == "warn")
    assert until(60 * factor, lambda: mailed(desk, "starts again what ends firing"))
    missed = time.monotonic() - began
    resolved = "The product does not answer resolved"
    assert until(120 * factor, lambda: mailed(desk, resolved))
    seen(
        "all web processes stand still",
        "mailed ≤ 60 s, resolved ≤ 120 s",
        f"{told:.0f} s, {time.monotonic() - began:.0f} s",
    )
    seen("serve is killed, its parts go on", "mailed ≤ 60 s", f"{missed:.0f} s")
    assert desk.status("/health/live") == 200
