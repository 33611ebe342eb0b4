"""A cache of counters in the state directory, for what counts by Django's cache
(django-ratelimit): without Redis it neither fails nor lets everybody in."""

from __future__ import annotations

import hashlib
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from kernel.limits.shared import SharedFile, boot

T = TypeVar("T")
SLOTS = 4096
CELLS = 4  # a digest (two), the count, and when it ends
NEAR = 8
DIGEST = struct.Struct("=qq")
VALUE, END = 2, 3
MOST = 2**62


class CounterCache(BaseCache):
    """Whole numbers only, of as many keys as there is room for; where there is none,
    the counter that ends first makes it. LOCATION is the file."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self.file = SharedFile(
            Path(location),
            f"counters {SLOTS} x {CELLS}, started {boot()}",
            SLOTS * CELLS,
        )

    def add(
        self,
        key: str,
        value: int,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        def change(cells: memoryview, place: int, held: bool) -> bool:
            if not held:
                self._write(cells, place, key, version, value, timeout)
            return not held

        return self._at(key, version, change)

    def set(
        self,
        key: str,
        value: int,
        timeout: float | None = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> None:
        self._at(
            key,
            version,
            lambda cells, place, _: self._write(
                cells, place, key, version, value, timeout
            ),
        )

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return self._at(
            key,
            version,
            lambda cells, place, held: cells[place + VALUE] if held else default,
        )

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Raises ValueError for a key that is not there."""

        def change(cells: memoryview, place: int, held: bool) -> int:
            if not held:
                raise ValueError(f"Key {key!r} not found")
            cells[place + VALUE] = min(cells[place + VALUE] + delta, MOST)
            return int(cells[place + VALUE])

        return self._at(key, version, change)

    def delete(self, key: str, version: int | None = None) -> bool:
        def change(cells: memoryview, place: int, held: bool) -> bool:
            if held:
                cells[place + END] = 0
            return held

        return self._at(key, version, change)

    def clear(self) -> None:
        with self.file.locked() as cells:
            for place in range(END, SLOTS * CELLS, CELLS):
                cells[place] = 0

    def _at(
        self,
        key: str,
        version: int | None,
        change: Callable[[memoryview, int, bool], T],
    ) -> T:
        """`change` with the key's place, or where it would go, and whether it holds."""
        high, low = self._digest(key, version)
        with self.file.locked() as cells:
            now = time.clock_gettime(time.CLOCK_BOOTTIME)
            near = [(low + step) % SLOTS * CELLS for step in range(NEAR)]
            for place in near:
                if cells[place] == high and cells[place + 1] == low:
                    return change(cells, place, cells[place + END] > now)
            free = min(near, key=lambda place: int(cells[place + END]))
            return change(cells, free, False)

    def _write(
        self,
        cells: memoryview,
        place: int,
        key: str,
        version: int | None,
        value: int,
        timeout: float | None,
    ) -> None:
        seconds = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        cells[place + END] = 0  # nobody's, should we be killed in between
        cells[place], cells[place + 1] = self._digest(key, version)
        cells[place + VALUE] = value
        cells[place + END] = MOST if seconds is None else int(now + seconds) + 1

    def _digest(self, key: str, version: int | None) -> tuple[int, int]:
        text = self.make_and_validate_key(key, version=version).encode()
        high, low = DIGEST.unpack(hashlib.blake2b(text, digest_size=16).digest())
        return high, low
