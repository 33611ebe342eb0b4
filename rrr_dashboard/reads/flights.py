"""One computation where many ask for the same at once."""

from __future__ import annotations

import threading
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

WAIT_SECONDS = 2.0
# Of a process' eight threads; the others go on with what they have.
MOST_WAITING = 4


class Flights:
    """Who computes what just now."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flying: dict[Hashable, threading.Event] = {}
        self._waiting = threading.BoundedSemaphore(MOST_WAITING)

    @contextmanager
    def alone(self, key: Hashable) -> Iterator[None]:
        """Behind whoever computes the same: when they are done, or after WAIT_SECONDS,
        or at once where too many wait already."""
        landed = self._begin(key)
        if landed is None:
            yield
            return
        try:
            yield
        finally:
            with self._lock:
                if self._flying.get(key) is landed:
                    del self._flying[key]
            landed.set()

    def _begin(self, key: Hashable) -> threading.Event | None:
        """The event to set when we are done; None after having waited for another."""
        with self._lock:
            theirs = self._flying.get(key)
            if theirs is None:
                ours = self._flying[key] = threading.Event()
                return ours
        if self._waiting.acquire(blocking=False):
            try:
                theirs.wait(WAIT_SECONDS)
            finally:
                self._waiting.release()
        return None
