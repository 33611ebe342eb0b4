"""A web process says that it was started, and with which settings."""

from __future__ import annotations

import logging
import os
import platform
import time
from datetime import datetime, timedelta
from threading import Thread

from django.db import DatabaseError, connection
from django.utils import timezone

from kernel import build, configuration
from operations.models import ProcessStart

KEPT = timedelta(days=40)
AGAIN_SECONDS = 5.0
logger = logging.getLogger("rrr.starts")


def record(at: datetime) -> ProcessStart:
    """Append the start of this process; old ones are forgotten, never the newest."""
    start = ProcessStart.objects.create(
        host=platform.node(),
        pid=os.getpid(),
        commit=build.running().commit,
        configuration=configuration.running(),
        at=at,
    )
    ProcessStart.objects.filter(at__lt=at - KEPT).delete()
    return start


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
