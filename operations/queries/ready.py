"""May this process get requests? Asked by whoever balances the load."""

from __future__ import annotations

import os
import time
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from operations.queries.time_limit import TooSlow, within

DATABASE_SECONDS = 1.0
KEPT_SECONDS = 2.0

_ready: tuple[float, str] = (float("-inf"), "")


def not_ready() -> str:
    """Why this process should get no requests now; "" when it may. Kept for 2 s."""
    global _ready
    asked, reason = _ready
    if time.monotonic() - asked < KEPT_SECONDS:
        return reason
    reason = _not_ready()
    _ready = (time.monotonic(), reason)
    return reason


def _not_ready() -> str:
    if draining_flag().exists():
        return "draining"
    try:
        missing = within(DATABASE_SECONDS, _unapplied)
    except (TooSlow, DatabaseError, OSError):
        return "the database does not answer"
    return f"{missing} migrations are not applied" if missing else ""


def draining_flag() -> Path:
    """While this file is there, this instance gets no new requests. It lies where the
    instance keeps its metrics: no other shares that folder, and a start empties it."""
    own = os.environ.get("PROMETHEUS_MULTIPROC_DIR") or settings.STATE_DIR
    return Path(own) / "draining"


_on_disk: set[tuple[str, str]] = set()


def _unapplied() -> int:
    """How many migrations of this code the database lacks: one query."""
    if not _on_disk:
        loader = MigrationLoader(None, ignore_no_migrations=True)
        _on_disk.update(loader.disk_migrations or {})
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return len(_on_disk - set(MigrationRecorder(connection).applied_migrations()))
