"""Doorbells: each task calls one plain function; what must happen is a row.

The worker's main process shows signs of life from a thread of its own; beat's sign
is the send time that its tick carries.
"""

from __future__ import annotations

import logging
import os
import platform
import time
from datetime import UTC, datetime
from typing import Any

from celery import Task, shared_task
from celery.signals import (
    beat_init,
    before_task_publish,
    worker_init,
    worker_ready,
    worker_shutting_down,
)
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from kernel import instances, locks
from kernel.half_restored import refuse_half_restored
from operations.models import Heartbeat
from operations.services import heartbeats, memory, running, ticking

logger = logging.getLogger("rrr.jobs")
TICK = "operations.tasks.tick"
_beating: list[heartbeats.Beating] = []


@shared_task(name=TICK, bind=True, soft_time_limit=30, time_limit=35)
def tick(self: Task[Any, Any]) -> None:
    sent = (self.request.headers or {}).get("rrr_beat") or self.request.get("rrr_beat")
    try:
        if sent:
            host, pid, at = sent
            heartbeats.beat(
                Heartbeat.Kind.BEAT, datetime.fromtimestamp(at, UTC), host=host, pid=pid
            )
        ticking.tick(timezone.now())
    except DatabaseError as error:
        # `watch` pages for it, and the next tick makes up for this one.
        logger.warning("no tick: %s", error)


@shared_task(name="operations.tasks.run_probe", soft_time_limit=10, time_limit=15)
def run_probe(uid: str) -> None:
    running.execute(uid)


@shared_task(name="operations.tasks.run_heavy", soft_time_limit=600, time_limit=605)
def run_heavy(uid: str) -> None:
    running.execute(uid)


def _stamp(headers: dict[str, Any] | None = None, **kwargs: Any) -> None:
    """Beat only: the tick carries who sent it and when."""
    if headers is not None:
        headers["rrr_beat"] = [platform.node(), os.getpid(), time.time()]


def _stamp_ticks(**kwargs: Any) -> None:
    before_task_publish.connect(_stamp, sender=TICK)


def _hold_database(**kwargs: Any) -> None:
    """While a worker lives, nobody restores over its database; children inherit it."""
    locks.hold(settings.STATE_DIR / "database.lock", exclusive=False)
    refuse_half_restored()


def _end_orphans(**kwargs: Any) -> None:
    """Scratch instances that a killed worker's probe has left."""
    if ended := instances.end_orphans():
        logger.warning("ended %d scratch instances that were left over", ended)


def _start_beating(sender: Any = None, **kwargs: Any) -> None:
    queues = ",".join(sorted(sender.app.amqp.queues.consume_from))
    memory.keep_reporting()
    thread = heartbeats.Beating(Heartbeat.Kind.WORKER, queues)
    _beating.append(thread)
    thread.start()


def _stop_beating(**kwargs: Any) -> None:
    while _beating:
        _beating.pop().stop()


worker_init.connect(_hold_database)
worker_init.connect(_end_orphans)
beat_init.connect(_stamp_ticks)
worker_ready.connect(_start_beating)
worker_shutting_down.connect(_stop_beating)
