"""`manage.py watch`: the process that notices when the others do not."""

from __future__ import annotations

import logging
import signal
import time
from threading import Event
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management.base import CommandError
from django.db import DatabaseError, connection

from kernel import build, dialling, locks, logs, patience
from kernel.half_restored import refuse_half_restored
from kernel.service_command import ServiceCommand
from operations.models import Heartbeat
from operations.services import heartbeats, liveness, memory
from operations.services.redis_watch import RedisWatch
from operations.services.watching import LOOK_EVERY, Watch

logger = logging.getLogger("rrr.watch")
# A look that took longer than its turn is not followed by the next one at once.
LEAST_PAUSE = 0.5


class Command(ServiceCommand):
    help = "Ask the database every 5 s, judge heartbeats, tick when nobody else does."
    # The others look at pages, which it would load for that alone.
    requires_system_checks = (Tags.compatibility,)

    def handle(self, *args: Any, **options: Any) -> None:
        logs.speak_json()
        patience.keep_watch()
        dialling.guard()
        build.refuse_other_commit()
        try:
            locks.hold(settings.STATE_DIR / "database.lock", exclusive=False)
        except locks.Busy as busy:
            raise CommandError(f"a restore is going on: {busy}") from busy
        refuse_half_restored()
        end = Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: end.set())
        memory.keep_reporting()
        with liveness.watching():
            self._look_until(end)
        try:
            heartbeats.forget(Heartbeat.Kind.WATCH)
        except DatabaseError:
            logger.warning("the database is away; the heartbeat row stays")
        finally:
            connection.close()

    def _look_until(self, end: Event) -> None:
        watch, redis = Watch(), RedisWatch()
        while not end.is_set():
            began = time.monotonic()
            watch.look()
            redis.look(time.monotonic())
            end.wait(max(LEAST_PAUSE, began + LOOK_EVERY - time.monotonic()))
