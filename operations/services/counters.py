"""Request counters shared by all web processes, through Redis.

A process adds in memory (a microsecond) and a thread flushes every second: kill -9
loses at most a second of counts, and a hanging Redis delays no request. Slots of
10 s are Redis hashes kept for an hour.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Container

from django.conf import settings

from kernel.redis import BREAKER, client
from operations.domain.windows import Counts, slot_of, total, window_before

KEEP_SECONDS = 3600
FLUSH_SECONDS = 1.0


def _slot_key(slot: int) -> str:
    return f"rrr:{settings.RRR_ENV}:slot:{slot}"


class Counter:
    """The counts of this process that Redis has not got yet."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots: dict[int, Counts] = {}
        self._thread: threading.Thread | None = None

    def add(self, *, status: int, seconds: float) -> None:
        """Count one answer; starts the flushing thread with the first one."""
        slot = slot_of(time.time())
        with self._lock:
            self._slots.setdefault(slot, Counts()).add(status=status, seconds=seconds)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, daemon=True, name="counters"
                )
                self._thread.start()

    def flush(self) -> bool:
        """Hand everything to Redis; what it does not take stays for the next try
        (slots that Redis would no longer keep are dropped)."""
        with self._lock:
            taken, self._slots = self._slots, {}
        if not taken or BREAKER.call(lambda: _send(taken), otherwise=False):
            return True
        oldest = slot_of(time.time() - KEEP_SECONDS)
        with self._lock:
            for slot, counts in taken.items():
                if slot >= oldest:
                    merged = total([counts.as_fields()])
                    if slot in self._slots:
                        merged = total(
                            [counts.as_fields(), self._slots[slot].as_fields()]
                        )
                    self._slots[slot] = merged
        return False

    def _run(self) -> None:
        while True:
            time.sleep(FLUSH_SECONDS)
            self.flush()


def _send(slots: dict[int, Counts]) -> bool:
    pipe = client().pipeline(transaction=True)
    for slot, counts in slots.items():
        for name, number in counts.as_fields().items():
            pipe.hincrby(_slot_key(slot), name, number)
        pipe.expire(_slot_key(slot), KEEP_SECONDS)
    pipe.execute()
    return True


COUNTER = Counter()


def read_window(epoch: float, without: Container[int] = ()) -> Counts | None:
    """The last six complete slots before `epoch`, those of `without` left out; None
    when none is left, or Redis is unreadable."""
    slots = [slot for slot in window_before(epoch) if slot not in without]
    if not slots:
        return None

    def ask() -> Counts | None:
        pipe = client().pipeline(transaction=False)
        for slot in slots:
            pipe.hgetall(_slot_key(slot))
        return total(
            {name.decode(): int(number) for name, number in slot.items()}
            for slot in pipe.execute()
        )

    return BREAKER.call(ask, otherwise=None)
