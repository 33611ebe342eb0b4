"""Signs of life: who runs, since when, from which commit."""

from __future__ import annotations

import logging
import os
import platform
from datetime import datetime
from threading import Event, Thread

from django.db import DatabaseError, connection
from django.utils import timezone

from kernel import build
from kernel.patience import stand_beside
from operations.models import Heartbeat

logger = logging.getLogger("rrr.jobs")
EVERY_SECONDS = 15.0


def beat(
    kind: str,
    at: datetime,
    *,
    role: str = "",
    host: str = "",
    pid: int = 0,
) -> None:
    """Write that a process of this kind and role lived at `at`.

    One row a kind, role and host: a restarted process takes its row over, and
    `started_at` moves only when the pid does.
    """
    host = host or platform.node()
    pid = pid or os.getpid()
    name = f"{kind} {role}@{host}" if role else f"{kind}@{host}"
    values = {"beaten_at": at, "commit": build.running().commit}
    row = Heartbeat.objects.filter(name=name)
    if row.filter(pid=pid).update(**values):
        return
    new = {**values, "kind": kind, "host": host, "pid": pid, "role": role}
    Heartbeat.objects.update_or_create(name=name, defaults={**new, "started_at": at})


def forget(kind: str, role: str = "") -> None:
    """A process that ends on purpose leaves no stale row behind."""
    Heartbeat.objects.filter(kind=kind, role=role, pid=os.getpid()).delete()


class Beating(Thread):
    """Beats every 15 s until stopped; a database that is away or hangs is only logged."""

    def __init__(self, kind: str, role: str) -> None:
        super().__init__(name=f"heartbeat {kind}", daemon=True)
        self.kind, self.role = kind, role
        self._end = Event()

    def run(self) -> None:
        stand_beside()
        while True:
            self._once()
            if self._end.wait(EVERY_SECONDS):
                return

    def _once(self) -> None:
        try:
            beat(self.kind, timezone.now(), role=self.role)
        except DatabaseError as error:
            logger.warning("no heartbeat: %s", error)
        except Exception:
            logger.exception("no heartbeat")  # the next one may come
        finally:
            connection.close()

    def stop(self) -> None:
        self._end.set()
        self.join(timeout=2)
        try:
            forget(self.kind, self.role)
        except DatabaseError as error:
            logger.warning("heartbeat not removed: %s", error)
        finally:
            connection.close()
