"""Work with a deadline: what it gives, what it raises, and that nobody waits longer."""

from __future__ import annotations

import threading
from contextvars import ContextVar

import pytest

from kernel.deadline import Overdue, within

ASKED: ContextVar[str] = ContextVar("asked", default="nobody")


def test_work_in_time_gives_its_answer_in_the_same_context() -> None:
    token = ASKED.set("ada")
    assert within(5, ASKED.get) == "ada"
    ASKED.reset(token)


@pytest.mark.parametrize("error", [ValueError("no"), TimeoutError("the work's own")])
def test_what_the_work_raises_is_raised(error: Exception) -> None:
    def work() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        within(5, work)
    assert raised.value is error


def test_work_that_does_not_end_is_overdue_and_left_alone() -> None:
    end, ended = threading.Event(), threading.Event()

    def work() -> None:
        end.wait()
        ended.set()

    with pytest.raises(Overdue, match=r"not done within 0.05 s"):
        within(0.05, work)
    end.set()
    assert ended.wait(5)
