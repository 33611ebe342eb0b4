"""`watch` asks Redis beside its own looks: what goes through Redis cannot find that it
is dead."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from threading import Thread

from django.db import DatabaseError, connection

from operations.services import probing

EVERY_SECONDS = 60.0
PROBE = "redis"
logger = logging.getLogger("rrr.watch")


@dataclass
class RedisWatch:
    """One thread a minute, never waited for; one that still asks is left to it."""

    _thread: Thread | None = None
    _asked: float | None = None

    def look(self, now: float) -> None:
        due = self._asked is None or now - self._asked >= EVERY_SECONDS
        if not due or (self._thread and self._thread.is_alive()):
            return
        self._asked = now
        self._thread = Thread(target=_ask, daemon=True, name="redis probe")
        self._thread.start()


def _ask() -> None:
    try:
        probing.run(PROBE, {})
    except DatabaseError as error:
        logger.warning("what Redis answered is not recorded: %s", error)
    except Exception:
        logger.exception("Redis could not be asked")
    finally:
        connection.close()
