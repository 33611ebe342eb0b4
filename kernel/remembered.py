"""What was computed, kept while what it came from stands and its time is not over."""

from __future__ import annotations

import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Kept(Generic[T]):
    """`origin`: what it was computed from; `until` by the steady clock."""

    value: T
    size: int
    origin: Hashable
    until: float


class Remembered(Generic[T]):
    """At most `most_bytes`, each for at most `seconds`; the least used go first."""

    def __init__(self, most_bytes: int, seconds: float) -> None:
        self._most, self._seconds, self._bytes = most_bytes, seconds, 0
        self._kept: OrderedDict[Hashable, _Kept[T]] = OrderedDict()
        self._lock = threading.Lock()
        _all.add(self)

    def get(self, key: Hashable, origin: Hashable) -> T | None:
        """What lies under this key, if it came of this and its time is not over."""
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept.origin != origin or time.monotonic() >= kept.until:
                return None
            self._kept.move_to_end(key)
            return kept.value

    def put(
        self,
        key: Hashable,
        origin: Hashable,
        value: T,
        size: int,
        seconds: float | None = None,
    ) -> None:
        """`origin` was read before the value was computed; `size` in bytes; `seconds`
        where less are left of it."""
        with self._lock:
            self._drop(key)
            until = time.monotonic() + (self._seconds if seconds is None else seconds)
            self._kept[key] = _Kept(value, size, origin, until)
            self._bytes += size
            while self._bytes > self._most:
                self._drop(next(iter(self._kept)))

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def _drop(self, key: Hashable) -> None:
        kept = self._kept.pop(key, None)
        if kept is not None:
            self._bytes -= kept.size


_all: weakref.WeakSet[Remembered[Any]] = weakref.WeakSet()


def forget_everything() -> None:
    """What this process computed: the next answers are computed anew."""
    for each in list(_all):
        each.clear()
