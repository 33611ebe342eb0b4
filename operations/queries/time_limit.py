"""Waiting for an answer, but not for ever."""

from __future__ import annotations

from collections.abc import Callable
from queue import Empty, Queue
from threading import Thread
from typing import TypeVar

from django.db import DatabaseError, connection

T = TypeVar("T")


class TooSlow(Exception):
    """No answer within the time limit."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """work() in a thread with a database connection of its own.

    Raises TooSlow, or what it raised. A thread that hangs is left behind: no
    database driver here promises a limit for every way of not answering.
    """
    answers: Queue[T | Exception] = Queue(1)

    def run() -> None:
        try:
            answers.put(work())
        except (DatabaseError, OSError, ValueError) as error:
            answers.put(error)
        finally:
            connection.close()

    Thread(target=run, name="health", daemon=True).start()
    try:
        answer = answers.get(timeout=seconds)
    except Empty:
        raise TooSlow(f"no answer within {seconds} s") from None
    if isinstance(answer, Exception):
        raise answer
    return answer
