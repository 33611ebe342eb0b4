"""Work without a broker: a worker to whom nobody can ring looks for queued rows itself.

Backups must not stop because Redis did, or answers and takes nothing. `watch` keeps the
clock meanwhile.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from itertools import islice
from threading import Event, Thread

from django.db import DatabaseError, connection

from operations.models import JobRun
from operations.queries.broker import broker_refusal
from operations.services import catalogue, running

logger = logging.getLogger("rrr.jobs")
AWAY_SECONDS = 300.0
LOOK_EVERY = 10.0
STOP_SECONDS = 5.0
MOST_RUNS = 50  # a look; those that wait longest


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
            except Exception:
                # The next look must come: without a broker nobody else works.
                logger.exception("a look for queued runs failed")
            finally:
                connection.close()

    def look(self) -> int:
        """Do what is queued if the broker has been away for 5 minutes; how many runs
        it did. All claims are compare-and-set: it may look beside anybody."""
        now = self._monotonic()
        refusal = broker_refusal()
        if not refusal:
            self._answered, self._away = now, False
            return 0
        if now - self._answered < AWAY_SECONDS:
            return 0
        if not self._away:
            logger.warning("looking for queued runs without the broker: %s", refusal)
        self._away = True
        return sum(
            running.execute(uid, limit=running.time_limit)
            for uid in self._waiting()
            if not self._end.is_set()
        )

    def _waiting(self) -> list[str]:
        waiting = JobRun.objects.filter(state=JobRun.State.QUEUED)
        ours = (
            str(run.uid)
            for run in waiting.select_related("job").order_by("due_at")
            if catalogue.queue_of(run.job) in self._queues
        )
        return list(islice(ours, MOST_RUNS))

    def stop(self) -> None:
        """No new look; what is being done gets a moment to its end."""
        self._end.set()
        self.join(STOP_SECONDS)
