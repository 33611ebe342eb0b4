"""Work without a broker: a worker to whom nobody can ring looks for queued rows itself.

Backups must not stop because Redis did. `watch` keeps the clock meanwhile.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from threading import Event, Thread

from django.db import DatabaseError, connection

from operations.models import JobRun
from operations.services import bell, catalogue, running

logger = logging.getLogger("rrr.jobs")
AWAY_SECONDS = 300.0
LOOK_EVERY = 10.0
STOP_SECONDS = 5.0


class Polling(Thread):
    """Looks every 10 s until stopped, beside the worker of these queues."""

    def __init__(
        self, queues: Collection[str], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__(name="polling", daemon=True)
        self._queues = queues
        self._monotonic = monotonic
        self._answered = monotonic()
        self._away = False
        self._end = Event()

    def run(self) -> None:
        while not self._end.wait(LOOK_EVERY):
            try:
                self.look()
            except DatabaseError as error:
                logger.warning("no look for queued runs: %s", error)
            finally:
                connection.close()

    def look(self) -> int:
        """Do what is queued if the broker has been away for 5 minutes; how many runs
        it did. All claims are compare-and-set: it may look beside anybody."""
        now = self._monotonic()
        if bell.answers():
            self._answered, self._away = now, False
            return 0
        if now - self._answered < AWAY_SECONDS:
            return 0
        if not self._away:
            logger.warning("the broker is away: looking for queued runs without it")
        self._away = True
        return sum(
            running.execute(uid) for uid in self._waiting() if not self._end.is_set()
        )

    def _waiting(self) -> list[str]:
        waiting = JobRun.objects.filter(state=JobRun.State.QUEUED)
        return [
            str(run.uid)
            for run in waiting.select_related("job").order_by("due_at")
            if catalogue.queue_of(run.job) in self._queues
        ]

    def stop(self) -> None:
        """No new look; what is being done gets a moment to its end."""
        self._end.set()
        self.join(STOP_SECONDS)
