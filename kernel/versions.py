"""What changed last: a stamp a name, which every process of this host sees at once.

Whoever keeps what it computed keeps with it the stamps of what it came from, taken
before it began: while they are the same, nothing of that was written since. Names
share places, so a stamp may change for another name's sake, and never fails to change
for its own.
"""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from kernel.limits.shared import LimitsBusy, SharedFile, boot

logger = logging.getLogger("rrr.versions")
PLACES = 4096
# So long may a process believe what the database said when it was asked.
BELIEVED_SECONDS = 0.9


class Stamps:
    """The stamps in one file of the state directory."""

    def __init__(self, path: Path) -> None:
        self.file = SharedFile(path, f"stamps {PLACES}, started {boot()}", PLACES)

    def at(self, places: Sequence[int]) -> tuple[int, ...]:
        """The stamps at these places. Raises LimitsBusy or OSError."""
        cells = self.file.take()
        try:
            return tuple([cells[place] for place in places])
        finally:
            self.file.free()

    def change(self, names: Iterable[str]) -> None:
        """Raises LimitsBusy or OSError."""
        with self.file.locked() as cells:
            now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
            for name in names:
                place = place_of(name)
                cells[place] = max(now, cells[place] + 1)


@lru_cache(maxsize=PLACES)
def place_of(name: str) -> int:
    digest = hashlib.blake2b(name.encode(), digest_size=8).digest()
    return int.from_bytes(digest) % PLACES


@lru_cache(maxsize=1)
def stamps() -> Stamps:
    """This process' hand on the file of its host."""
    return Stamps(Path(settings.STATE_DIR) / "limits" / "versions")


def changed(*names: str) -> None:
    """These were written, and the writer has not been answered yet. Where the stamps
    cannot be written, it is not before nobody believes the older answer any more."""
    try:
        stamps().change(names)
    except (OSError, LimitsBusy) as error:
        logger.warning("what changed cannot be told to other processes: %s", error)
        time.sleep(BELIEVED_SECONDS)
