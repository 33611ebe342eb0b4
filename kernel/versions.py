"""What changed last: a stamp a name, which every process of this host sees at once.

Whoever keeps what it computed keeps with it the stamps of what it came from, taken
before it began: while they are the same, nothing of that was written since. Names
share places, so a stamp may change for another name's sake, and never fails to change
for its own.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from kernel.limits.shared import LimitsBusy, SharedFile, boot

logger = logging.getLogger("rrr.versions")
PLACES = 4096
MADE = PLACES  # the cell after them
# So long may a process believe what the database said when it was asked.
BELIEVED_SECONDS = 0.9
# Stamps that could not be changed are tried again so often.
OWED_SECONDS = 0.2


class Stamps:
    """The stamps in one file of the state directory, and when it was made: of a file
    that was lost, nothing that was kept holds in the next."""

    def __init__(self, path: Path) -> None:
        self.file = SharedFile(path, f"stamps {PLACES}+1, started {boot()}", PLACES + 1)

    def at(self, places: Sequence[int]) -> tuple[int, ...]:
        """The stamps at these places, after the file's own. Raises LimitsBusy or
        OSError."""
        cells = self.file.take()
        try:
            if not cells[MADE]:
                cells[MADE] = _now()
            return (cells[MADE], *[cells[place] for place in places])
        finally:
            self.file.free()

    def change(self, names: Iterable[str]) -> None:
        """Raises LimitsBusy or OSError."""
        with self.file.locked() as cells:
            now = _now()
            for name in names:
                place = place_of(name)
                cells[place] = max(now, cells[place] + 1)


def _now() -> int:
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


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
    cannot be written, it is not before no mark of the older state is believed any more,
    and they are changed as soon as they can be."""
    try:
        stamps().change(names)
    except (OSError, LimitsBusy) as error:
        logger.warning("what changed cannot be told to other processes: %s", error)
        _owe(names)
        time.sleep(BELIEVED_SECONDS)


_owed: set[str] = set()
_owing = threading.Lock()


def _owe(names: Iterable[str]) -> None:
    with _owing:
        alone = not _owed
        _owed.update(names)
    if alone:
        threading.Thread(target=_pay, name="stamps owed", daemon=True).start()


def _pay() -> None:
    while True:
        time.sleep(OWED_SECONDS)
        with _owing:
            try:
                stamps().change(_owed)
            except (OSError, LimitsBusy):
                continue
            _owed.clear()
            return
