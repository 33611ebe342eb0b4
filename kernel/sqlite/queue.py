"""Writers one at a time: those of a process in the order in which they came, and the
first of each process in turn.

SQLite has one lock for all writers and no order among them: with a few busy ones
somebody waits for ever. And when a stranger holds the lock, not all threads may stand
waiting for it, or nobody reads either.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

# The first in the queue has asked the database for so long: a stranger has the lock.
STALLED_SECONDS = 0.5
LOOK_SECONDS = 0.1
TRY_SECONDS = 0.002


class QueueRefused(Exception):
    """No turn in time, or too many wait for a stranger already."""


class Wait:
    """How long one writer waits: `seconds` since a writer was last seen to end, for
    then the queue moves and nobody is stuck; `most` seconds in all.

    `written` tells when that was; only whether it changes counts, not by which clock.
    """

    def __init__(
        self, seconds: float, most: float, written: Callable[[], int] = lambda: 0
    ) -> None:
        self._seconds, self._written = seconds, written
        self._seen, now = written(), time.monotonic()
        self._ends, self._latest = now + seconds, now + most

    def left(self) -> float:
        """Seconds, 0 when it is over."""
        now, last = time.monotonic(), self._written()
        if last != self._seen:
            self._seen, self._ends = last, min(now + self._seconds, self._latest)
        return max(0.0, self._ends - now)


class Turnstile:
    """The first writers of all processes, by file locks that the kernel frees when
    their holder dies. Who waits for the pen holds the gate meanwhile, so a process
    that has just written cannot be first again while another waits."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._gate, self._pen = (
            os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            for name in ("write.gate", "write.pen")
        )

    def enter(self, wait: Wait) -> None:
        """Raises QueueRefused when it is not one's turn before the wait is over."""
        _lock(self._gate, wait)
        try:
            _lock(self._pen, wait)
        finally:
            fcntl.flock(self._gate, fcntl.LOCK_UN)

    def written(self) -> int:
        """When a writer of any process last ended: the age of the pen's file."""
        return os.fstat(self._pen).st_mtime_ns

    def leave(self, *, written: bool) -> None:
        """`written` is false for one who did not get the database's lock."""
        if written:
            os.utime(self._pen)
        fcntl.flock(self._pen, fcntl.LOCK_UN)


def _lock(handle: int, wait: Wait) -> None:
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if not wait.left():
                raise QueueRefused("another writer holds the database") from None
            time.sleep(TRY_SECONDS)
        else:
            return


class WriteQueue:
    """`most` may wait, the first included, while a stranger holds the lock."""

    def __init__(self, most: int) -> None:
        self.most = most
        self._turns: deque[object] = deque()
        self._changed = threading.Condition()
        self._asking_since: float | None = None

    def enter(self, wait: Wait) -> object:
        """Wait for one's turn. Answers a ticket for `leave`. Raises QueueRefused."""
        ticket = object()
        with self._changed:
            self._turns.append(ticket)
            while self._turns[0] is not ticket:
                if not wait.left() or self._too_many_before(ticket):
                    self._turns.remove(ticket)
                    raise QueueRefused("others wait for it already")
                self._changed.wait(LOOK_SECONDS)
            # One who gives up and the next who asks wait for the same stranger.
            self._asking_since = self._asking_since or time.monotonic()
            return ticket

    def _too_many_before(self, ticket: object) -> bool:
        since = self._asking_since
        stalled = since is not None and time.monotonic() - since > STALLED_SECONDS
        return stalled and self._turns.index(ticket) >= self.most

    def writing(self) -> None:
        """The first in the queue has got the database's lock."""
        self._asking_since = None

    def leave(self, ticket: object) -> None:
        """The first in the queue has written, or given up."""
        with self._changed:
            self._turns.remove(ticket)
            if not self._turns:
                self._asking_since = None
            self._changed.notify_all()
