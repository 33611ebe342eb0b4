"""What `watch` does at each look: needs neither Celery nor Redis."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.db import DatabaseError, connection
from django.utils import timezone

from kernel.disk import is_full
from operations import queries
from operations.services import heartbeats, ticking
from operations.services.database_watch import DatabaseWatch
from operations.services.disk_watch import DiskWatch

logger = logging.getLogger("rrr.watch")
LOOK_EVERY = 5.0
TICK_MISSED_AFTER = 20.0
TICK_EVERY = 10.0


@dataclass
class Watch:
    """What is remembered from look to look; waits are on a monotonic clock.

    A tick counts as missed when the stored time of the last one has not *changed*
    for 20 s: comparing it with the wall clock would believe a clock set back. Once
    `watch` has ticked and nobody else has since, it goes on every 10 s: at the look
    nearest to that, for a look comes a little early or late.
    """

    monotonic: Callable[[], float] = time.monotonic
    database: DatabaseWatch = field(default_factory=DatabaseWatch)
    disk: DiskWatch = field(default_factory=DiskWatch)
    _tick: datetime | None = None
    _tick_seen: float = field(init=False)
    _alone: bool = False
    _judged: float | None = None

    def __post_init__(self) -> None:
        self._tick_seen = self.monotonic()

    def look(self) -> bool:
        """Ask the database, judge signs of life, tick in beat's stead if nobody did;
        True when this look ran a tick."""
        at = timezone.now()
        try:
            if not self.database.look(at):
                return False
            self.disk.room()
            self._judge_processes(at)
            return self._tick_if_missed(at)
        except DatabaseError as error:
            if is_full(error):
                self.disk.full(at)
            else:
                logger.warning("the database went away: %s", error)
            return False
        except Exception:
            # Whatever is wrong, the next look must come: nobody else pages.
            logger.exception("a look failed")
            return False
        finally:
            connection.close()

    def _judge_processes(self, at: datetime) -> None:
        now = self.monotonic()
        if self._judged is None or now - self._judged >= heartbeats.EVERY_SECONDS:
            self._judged = now
            for row in queries.stale_processes(at):
                logger.warning("no sign of life from %s since %s", row, row.beaten_at)

    def _tick_if_missed(self, at: datetime) -> bool:
        last, now = queries.last_tick(), self.monotonic()
        if last != self._tick:
            self._tick, self._tick_seen, self._alone = last, now, False
            return False
        due = TICK_EVERY - LOOK_EVERY / 2 if self._alone else TICK_MISSED_AFTER
        if now - self._tick_seen < due:
            return False
        if not self._alone:
            logger.warning("no tick for 20 s: ticking in its stead")
        ticking.tick(at, by="watch")
        self._tick, self._tick_seen, self._alone = queries.last_tick(), now, True
        return True
