"""A web process says that it was started, and with which settings."""

from __future__ import annotations

import logging
import os
import platform
import time
from datetime import datetime, timedelta
from threading import Thread

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from audit.services import append
from kernel import build, configuration
from operations import queries
from operations.models import ProcessStart
from operations.queries.starts import SETTINGS_CHANGED

KEPT = timedelta(days=40)
AGAIN_SECONDS = 5.0
logger = logging.getLogger("rrr.starts")


def record(at: datetime) -> ProcessStart:
    """Append the start of this process; old ones are forgotten, never the newest. The
    log hears of it where it has other settings than the start before."""
    with transaction.atomic():
        start = ProcessStart.objects.create(
            host=platform.node(),
            pid=os.getpid(),
            commit=build.running().commit,
            configuration=configuration.running(),
            at=at,
        )
        ProcessStart.objects.filter(at__lt=at - KEPT).delete()
        before = queries.configuration()
        if before is None or before.digest != start.configuration:
            _tell(start)
    return start


def _tell(start: ProcessStart) -> None:
    append(
        SETTINGS_CHANGED,
        actor="system",
        object="process:web",
        data={
            "configuration": start.configuration,
            "commit": start.commit,
            "host": start.host,
            "since": start.at.isoformat(),
        },
    )


def record_soon() -> None:
    """As `record`, beside whatever starts now: a database that is away is waited for,
    and keeps nobody from answering."""
    at = timezone.now()
    Thread(target=_until_recorded, args=(at,), daemon=True, name="start").start()


def _until_recorded(at: datetime) -> None:
    while True:
        try:
            record(at)
            return
        except DatabaseError as error:
            logger.warning("this start is not recorded yet: %s", error)
        finally:
            connection.close()
        time.sleep(AGAIN_SECONDS)
