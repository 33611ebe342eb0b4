"""Figures that no rule judges, read once a minute for the pages."""

from __future__ import annotations

import time
from collections.abc import Iterator
from decimal import Decimal

from kernel.redis import BREAKER, client
from operations.domain import figures
from operations.domain.alerting import Reading
from operations.models import JobRun, Notice
from operations.queries import health


def read() -> Iterator[Reading]:
    yield _figure(figures.DATABASE_MS, health.database().observed)
    yield _figure(figures.REDIS_MS, BREAKER.call(_redis_ms, otherwise=""))
    queued = JobRun.objects.filter(state=JobRun.State.QUEUED).count()
    yield _figure(figures.QUEUED, str(queued))
    waiting = Notice.objects.filter(state__in=Notice.WAITING).count()
    yield _figure(figures.OUTBOX, str(waiting))


def _figure(name: str, value: str) -> Reading:
    return Reading(name, "", Decimal(value) if value else None)


def _redis_ms() -> str:
    started = time.perf_counter()
    client().ping()
    return f"{(time.perf_counter() - started) * 1000:.1f}"
