"""Ringing for a worker: the message that says "look at this run".

Nothing depends on its arrival: the run is a row, and the tick rings again. So a
ring may cost a web request next to nothing, least of all when Redis hangs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from threading import Lock

from kombu.exceptions import KombuError
from redis import RedisError

from kernel.redis import Breaker
from operations.models import JobRun
from operations.queries.broker import app, broker_connection

logger = logging.getLogger("rrr.jobs")
_breaker = Breaker()
_lock = Lock()


def ring(run: JobRun, *, queue: str, limit: timedelta) -> bool:
    """Send the message; False when the broker would not take it at once.

    `limit` bounds the work: the worker is stopped 5 s after it has been told.
    """
    task = "run_heavy" if queue == "heavy" else "run_probe"
    soft = int(limit.total_seconds())

    def send() -> bool:
        # One ringing at a time a process: it takes a millisecond, or 0.2 s once.
        with _lock, broker_connection() as connection:
            app().send_task(
                f"operations.tasks.{task}",
                args=[str(run.uid)],
                queue=queue,
                soft_time_limit=soft,
                time_limit=soft + 5,
                connection=connection,
                retry=False,
                ignore_result=True,
            )
        return True

    return _breaker.call(lambda: _translated(send), otherwise=False)


def _translated(send: Callable[[], bool]) -> bool:
    """kombu wraps what Redis raises; the breaker knows OSError."""
    try:
        return send()
    except (KombuError, RedisError, OSError) as error:
        logger.warning("no ring: %s", error)
        raise OSError(str(error)) from error
