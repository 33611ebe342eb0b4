"""How long this process waits for its database.

A web request has few threads to wait on: it waits shortly and says so. `watch` has
to notice that nobody answers. Workers, commands and migrations wait as their own time
limits say, so nothing here holds for them, but for the threads beside a worker's work
that show its life and hold its leases. Server-side and TCP limits alone do not help against something in between that
swallows the answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.db import connection

REFUSED_SECONDS = 1.0


@dataclass(frozen=True)
class Patience:
    """Seconds for a connection, for one answer of PostgreSQL, and for SQLite's lock:
    `write` while nobody gets it, `queue` while those before us do. Who does not queue
    (`queues`) waits for that lock for `lock`, or as long as the settings say.

    `statement` is what the server itself grants a statement or a lock: it ends before
    `answer`, so that a server that still speaks can say what was the matter.
    """

    connect: int = 2
    statement: float = 2.5
    answer: float = 3.0
    write: float = 2.5
    queue: float = 10.0
    queues: bool = True
    lock: float | None = None

    @property
    def longest_lock(self) -> float | None:
        """Seconds for SQLite's lock; None: as the settings say."""
        return self.write if self.queues else self.lock


class DatabaseSilent(Exception):
    """The database has just not answered; nobody asks it again for a moment."""


class DatabaseBreaker:
    """After a wait that ran out nobody asks for REFUSED_SECONDS; then one thread may
    try, and its success lets everybody in again."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._refuses_until = 0.0
        self._trying: int | None = None

    def admit(self) -> None:
        """Raises DatabaseSilent while nobody may ask."""
        if not self._refuses_until:
            return
        with self._lock:
            if self._trying == threading.get_ident() or not self._refuses_until:
                return
            now = time.monotonic()
            if now < self._refuses_until:
                raise DatabaseSilent("the database has just not answered")
            # Should the one never report back, another may try when he must have.
            self._trying = threading.get_ident()
            self._refuses_until = now + (ours() or Patience()).answer + REFUSED_SECONDS

    def failed(self) -> None:
        with self._lock:
            self._refuses_until = time.monotonic() + REFUSED_SECONDS
            self._trying = None

    def succeeded(self) -> None:
        if self._refuses_until:
            with self._lock:
                self._refuses_until = 0.0
                self._trying = None


# The database's alert is due 30 s after it fell silent, and a look comes every 5 s.
WATCH = Patience(connect=3, statement=8.0, answer=10.0, queues=False)
# A lease is renewed every 10 s and lasts for 30: time for three tries.
BESIDE = Patience(connect=2, statement=4.0, answer=5.0, queues=False, lock=5.0)
_ours: Patience | None = None
_of_threads = threading.local()


def ours() -> Patience | None:
    """The limits of this thread or process; None where each task has its own."""
    limits: Patience | None = getattr(_of_threads, "limits", None)
    return limits or _ours


def stand_beside() -> None:
    """This thread stands beside a worker's work: from its next connection on it waits
    shortly, whatever the work may."""
    _of_threads.limits = BESIDE


def serve_requests() -> None:
    """This is a web process: from its next connection on it has web limits."""
    global _ours
    _ours = Patience()


def keep_watch() -> None:
    """This is `watch`: a server that hangs must not hang it."""
    global _ours
    _ours = WATCH


@contextmanager
def keeping_watch() -> Iterator[None]:
    """As `keep_watch`, of this thread and for as long: what looks whether all is well
    must end where it is not, a lock that nobody lets go of included."""
    before = getattr(_of_threads, "limits", None)
    _of_threads.limits = WATCH
    try:
        yield
    finally:
        _of_threads.limits = before


def limit_statements(seconds: int) -> None:
    """PostgreSQL ends each statement of this thread after so long: what a job, whose
    own time is limited, gives its statements."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, false)", [f"{seconds}s"]
            )
