"""Who may ask a database that has just not answered, and who writes next."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.management import call_command

from kernel import patience
from kernel.patience import DatabaseBreaker, DatabaseSilent
from kernel.sqlite import queue
from kernel.sqlite.queue import QueueRefused, Turnstile, Wait, WriteQueue
from rrr_dashboard.management.commands import doctor
from rrr_dashboard.setting_looks import Finding


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr("kernel.patience.time.monotonic", lambda: now[0])
    return now


def refused(breaker: DatabaseBreaker) -> bool:
    """Is this thread refused?"""
    try:
        breaker.admit()
    except DatabaseSilent:
        return True
    return False


def elsewhere(ask: Callable[[], bool]) -> bool:
    with ThreadPoolExecutor(1) as other:
        return other.submit(ask).result()


def test_no_limit_holds_where_no_request_is_served() -> None:
    assert patience.ours() is None


def test_after_a_wait_that_ran_out_nobody_asks_for_a_second(clock: list[float]) -> None:
    breaker = DatabaseBreaker()
    assert not refused(breaker)
    breaker.failed()
    assert refused(breaker)
    clock[0] += 0.9
    assert refused(breaker)


def test_then_one_may_try_and_his_success_lets_all_in(clock: list[float]) -> None:
    breaker = DatabaseBreaker()
    breaker.failed()
    clock[0] += 1.0
    assert not refused(breaker), "the first to ask"
    assert not refused(breaker), "he asks more than one thing"
    assert elsewhere(lambda: refused(breaker))
    breaker.succeeded()
    assert not elsewhere(lambda: refused(breaker))


def test_his_failure_closes_again_and_his_silence_not_for_ever(
    clock: list[float],
) -> None:
    breaker = DatabaseBreaker()
    breaker.failed()
    clock[0] += 1.0
    assert not refused(breaker)
    breaker.failed()
    assert refused(breaker)
    clock[0] += 1.0
    assert not elsewhere(lambda: refused(breaker))
    clock[0] += 3.9
    assert refused(breaker)
    clock[0] += 0.2
    assert not refused(breaker), "who tried has not come back"


def soon() -> Wait:
    return Wait(20, 20)


def test_writers_come_in_the_order_of_their_arrival() -> None:
    writers, order = WriteQueue(most=4), list[int]()

    def write(number: int) -> None:
        ticket = writers.enter(soon())
        writers.writing()
        order.append(number)
        writers.leave(ticket)

    first = writers.enter(soon())
    writers.writing()
    threads = []
    for number in range(6):
        threads.append(threading.Thread(target=write, args=(number,)))
        threads[-1].start()
        while len(writers._turns) < number + 2:
            time.sleep(0.001)
    writers.leave(first)
    for thread in threads:
        thread.join()
    assert order == list(range(6))


def test_only_so_many_wait_for_a_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "STALLED_SECONDS", 0.05)
    writers = WriteQueue(most=2)
    asking = writers.enter(soon())

    def join() -> bool:
        try:
            ticket = writers.enter(soon())
        except QueueRefused:
            return False
        writers.leave(ticket)
        return True

    with ThreadPoolExecutor(4) as others:
        joined = [others.submit(join) for _ in range(4)]
        while sum(each.done() for each in joined) < 3:
            time.sleep(0.01)
        writers.leave(asking)
        assert sorted(each.result() for each in joined) == [False, False, False, True]


def test_a_queue_that_moves_is_waited_in_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [1000.0]
    monkeypatch.setattr("kernel.sqlite.queue.time.monotonic", lambda: now[0])
    written = iter([0, 0, 1, 1, 2, 3, 4])
    wait = Wait(2.5, 6.0, lambda: next(written))
    left = list[float]()
    for _ in range(6):
        now[0] += 2.0
        left.append(wait.left())
    # Alone 0.5 s are left; then one has written, nobody, and each time another.
    assert left == [0.5, 2.0, 0.0, 0.0, 0.0, 0.0]


def test_a_writer_that_ends_is_seen_and_one_that_was_refused_is_not(
    tmp_path: Path,
) -> None:
    one, two = Turnstile(tmp_path), Turnstile(tmp_path)
    os.utime(tmp_path / "write.pen", (1, 1))
    before = two.written()
    one.enter(soon())
    one.leave(written=False)
    assert two.written() == before
    one.enter(soon())
    one.leave(written=True)
    assert two.written() > before


def test_who_gets_no_turn_in_time_is_refused_and_not_in_the_way() -> None:
    writers = WriteQueue(most=4)
    first = writers.enter(soon())
    writers.writing()
    with pytest.raises(QueueRefused):
        writers.enter(Wait(0.05, 20))
    writers.leave(first)
    writers.leave(writers.enter(soon()))


def test_a_process_that_has_written_lets_the_other_before(tmp_path: Path) -> None:
    one, two = Turnstile(tmp_path), Turnstile(tmp_path)
    one.enter(soon())
    with pytest.raises(QueueRefused):
        two.enter(Wait(0.02, 20))
    order = list[str]()

    def write() -> None:
        two.enter(soon())
        order.append("two")
        two.leave(written=True)

    waiting = threading.Thread(target=write)
    waiting.start()
    time.sleep(0.05)  # it holds the gate and waits for the pen
    one.leave(written=True)
    one.enter(soon())
    order.append("one")
    one.leave(written=True)
    waiting.join()
    assert order == ["two", "one"]


def test_a_thread_beside_the_work_has_limits_and_the_work_has_none() -> None:
    def beside() -> patience.Patience | None:
        patience.stand_beside()
        return patience.ours()

    with ThreadPoolExecutor(1) as other:
        limits = other.submit(beside).result()
    assert limits is not None
    assert limits.answer < 10, "a lease of 30 s is renewed every 10"
    assert limits.longest_lock == 5.0
    assert patience.ours() is None


def test_doctor_waits_as_watch_does_and_leaves_its_process_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    limits: list[patience.Patience | None] = []

    def look() -> Finding:
        limits.append(patience.ours())
        return Finding("this", "ok", "is well")

    monkeypatch.setattr(doctor, "LOOKS", (look,))
    call_command("doctor")
    assert limits == [patience.WATCH]
    assert patience.ours() is None
