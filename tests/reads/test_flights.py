"""Of many who ask for the same at once, one computes."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from rrr_dashboard.reads import flights
from rrr_dashboard.reads.answers import Answers, WholeAnswer
from rrr_dashboard.reads.flights import MOST_WAITING, Flights


def answer(content: bytes = b"x") -> WholeAnswer:
    return WholeAnswer("200 OK", [("ETag", 'W/"1"')], content)


def test_who_comes_while_it_is_computed_finds_it_done() -> None:
    these, kept, computed = Flights(), Answers(), []

    def ask() -> None:
        with these.alone("key"):
            if kept.get("key", 1) is None:
                time.sleep(0.2)
                computed.append(threading.get_ident())
                kept.put("key", 1, answer(), 10)

    with ThreadPoolExecutor(1 + MOST_WAITING) as threads:
        for _ in range(1 + MOST_WAITING):
            threads.submit(ask)
    assert len(computed) == 1


def test_no_more_wait_than_leaves_threads_for_others() -> None:
    these, going = Flights(), threading.Event()
    entered: list[int] = []

    def ask(number: int) -> None:
        with these.alone("key"):
            entered.append(number)
            going.wait(20)

    with ThreadPoolExecutor(MOST_WAITING + 3) as threads:
        for number in range(MOST_WAITING + 3):
            threads.submit(ask, number)
        deadline = time.monotonic() + 20
        while len(entered) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert len(entered) == 3  # the first, and two who found no room to wait
        going.set()


def test_another_key_waits_for_nobody() -> None:
    these = Flights()
    with these.alone("a"), these.alone("b"):
        pass


def test_who_fails_lets_the_next_one_try() -> None:
    these = Flights()
    with pytest.raises(ZeroDivisionError), these.alone("key"):
        1 / 0  # noqa: B018
    with these.alone("key"):
        pass
    assert these._flying == {}


def test_who_waits_too_long_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flights, "WAIT_SECONDS", 0.05)
    these = Flights()
    with these.alone("key"), ThreadPoolExecutor(1) as threads:

        def ask() -> bool:
            with these.alone("key"):
                return True

        assert threads.submit(ask).result(20)


def test_what_is_kept_stays_small() -> None:
    kept = Answers(most_bytes=25)
    for number in range(3):
        kept.put(number, 1, answer(b"0123456789"), 10)
    assert [kept.get(number, 1) is None for number in range(3)] == [True, False, False]
    kept.put(1, 1, answer(b"0123456789"), 10)
    kept.put(4, 1, answer(b"0123456789"), 10)
    # Of the two, 2 was used last a longer time ago.
    assert kept.get(2, 1) is None
    assert kept.get(1, 1) is not None


@pytest.mark.parametrize(
    "refused",
    [
        WholeAnswer("200 OK", [], b"x"),
        WholeAnswer("200 OK", [("ETag", "1"), ("Set-Cookie", "a=b")], b"x"),
        WholeAnswer("404 Not Found", [("ETag", "1")], b"x"),
        WholeAnswer("200 OK", [("ETag", "1")], b"x" * 1_000_001),
    ],
)
def test_some_answers_are_nobodys_to_keep(refused: WholeAnswer) -> None:
    assert not refused.may_be_kept
    assert answer().may_be_kept
