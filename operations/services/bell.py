"""Ringing for a worker: the message that says "look at this run".

Nothing depends on its arrival: the run is a row, and the tick rings again. So a
ring may cost a web request next to nothing, least of all when Redis hangs.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from threading import Lock
from typing import Any

from celery import Celery, current_app
from kombu import Connection
from kombu.exceptions import KombuError
from redis import RedisError

from kernel.redis import Breaker
from operations.models import JobRun

logger = logging.getLogger("rrr.jobs")
# What a publisher may wait for the broker; workers, who wait for work, wait longer.
PATIENCE = {"max_retries": 0, "socket_timeout": 0.2, "socket_connect_timeout": 0.2}
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
        with _lock, _connection() as connection:
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


def answers() -> bool:
    """Whether the broker takes messages just now; after a second it does not."""
    try:
        with _connection() as connection:
            connection.ensure_connection(max_retries=1, timeout=1)
            channel: Any = connection.default_channel
            channel.client.ping()
    except (KombuError, RedisError, OSError):
        return False
    return True


def app() -> Celery:
    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]


def _connection() -> Connection:
    options = {**app().conf.broker_transport_options, **PATIENCE}
    return app().connection_for_write(transport_options=options)


def _translated(send: Callable[[], bool]) -> bool:
    """kombu wraps what Redis raises; the breaker knows OSError."""
    try:
        return send()
    except (KombuError, RedisError, OSError) as error:
        logger.warning("no ring: %s", error)
        raise OSError(str(error)) from error
