"""Times that need not be exact are written seldom, and never at a request's cost."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

TRIED_EVERY = 60.0  # seconds, in one process: a database may take no writes for hours
MOST = 4096


class Seldom:
    """Whether a time is due to be written again."""

    def __init__(self, every: timedelta) -> None:
        self._every = every
        self._tried: dict[str, float] = {}

    def is_old(self, last: datetime | None, at: datetime) -> bool:
        return last is None or at - last >= self._every

    def due(self, key: str, last: datetime | None, at: datetime) -> bool:
        """Asked once: whoever is told so, writes."""
        if not self.is_old(last, at):
            return False
        if time.monotonic() - self._tried.get(key, -TRIED_EVERY) < TRIED_EVERY:
            return False
        if len(self._tried) >= MOST:
            self._tried.clear()
        self._tried[key] = time.monotonic()
        return True
