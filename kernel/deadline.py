"""One deadline for work that waits for others, however it waits."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")


class Overdue(Exception):
    """The work was not done in time; it may still be going on."""


def within(seconds: float, work: Callable[[], T]) -> T:
    """work(), or Overdue after `seconds`, whatever it is waiting for: a name, a
    connection, a peer that sends a byte a second. What it raises is raised here.

    The work runs on a thread of its own, which nobody waits for once time is up:
    it must hold nothing that others need, and end by itself when its peer goes.
    """
    done: Future[T] = Future()
    context = copy_context()

    def run() -> None:
        try:
            done.set_result(context.run(work))
        except BaseException as error:  # noqa: BLE001 - raised again by the caller
            done.set_exception(error)

    threading.Thread(target=run, daemon=True, name="within").start()
    try:
        return done.result(timeout=seconds)
    except TimeoutError:
        if done.done():  # the work's own
            raise
        raise Overdue(f"not done within {seconds:g} s") from None
