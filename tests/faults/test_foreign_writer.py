"""A stranger holds SQLite's lock: who writes is told so, who reads reads on."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import ROUNDS
from tests.served import Answer, Served
from tests.slowness import Slowness

pytestmark = [pytest.mark.process, pytest.mark.embedded, pytest.mark.timeout(240)]
HELD_SECONDS = 6.0
OWN_SECONDS = 10 if ROUNDS > 1 else 4
WRITERS = 16  # as many as the product has threads


@contextlib.contextmanager
def holding(database: Path) -> Iterator[None]:
    stranger = sqlite3.connect(database, isolation_level=None, timeout=30)
    stranger.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        stranger.execute("ROLLBACK")
        stranger.close()


@contextlib.contextmanager
def writing(
    served: Served, token: str, count: int, prefix: str
) -> Iterator[list[Answer]]:
    """`count` clients post trades until the `with` ends; what they were answered."""
    over, answers = threading.Event(), list[Answer]()

    def write(writer: int) -> None:
        number = 0
        while not over.is_set():
            number += 1
            answers.append(served.post_trade(token, f"{prefix}-{writer}-{number}"))
            over.wait(0.02)

    threads = [threading.Thread(target=write, args=(each,)) for each in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        over.set()
        for thread in threads:
            thread.join()


def test_writes_say_so_and_reads_go_on(
    served: Served, factor: Slowness, seen: Callable[[str, str, str], None]
) -> None:
    token, reads = served.token("ada"), list[Answer]()
    with (
        holding(served.state / "rrr.sqlite3"),
        writing(served, token, WRITERS, "held") as writes,
    ):
        ends = time.monotonic() + HELD_SECONDS - 3
        while time.monotonic() < ends:
            reads.append(served.ask("/api/trades?limit=1", token=token))
            time.sleep(0.1)
    freed = time.monotonic()
    assert served.post_trade(token, "freed").status == 201
    recovered = time.monotonic() - freed
    slowest_write = max(answer.seconds for answer in writes)
    slowest_read = max(answer.seconds for answer in reads)
    seen(
        "a stranger holds the write lock",
        "writes 503 ≤ 3 s, reads go on, at most half of the threads wait",
        f"{len(writes)} writes ≤ {slowest_write:.1f} s, {len(reads)} reads "
        f"≤ {slowest_read:.2f} s, again after {recovered:.2f} s, x {factor:.1f}",
    )
    assert {answer.status for answer in writes} == {503}
    assert {answer.kind for answer in writes} == {"application/problem+json"}
    assert slowest_write <= 3 * factor
    assert {answer.status for answer in reads} == {200}
    assert len(reads) >= 2
    assert slowest_read <= 1.5 * factor


def test_our_own_writers_queue_and_none_is_refused(
    served: Served, seen: Callable[[str, str, str], None]
) -> None:
    token = served.token("ben")
    with writing(served, token, 3, "own") as answers:
        time.sleep(OWN_SECONDS)
    seen(
        f"three writers for {OWN_SECONDS} s",
        "no 503, each acknowledged write is there once",
        f"{len(answers)} writes ≤ {max(each.seconds for each in answers):.2f} s",
    )
    assert {answer.status for answer in answers} == {201}, served.said()[-3000:]
    assert served.count_trades("own-") == len(answers)
