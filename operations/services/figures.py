"""Figures that no rule judges, read once a minute for the pages."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from operations import queries
from operations.domain import figures
from operations.domain.alerting import Reading
from operations.queries import health


def read() -> Iterator[Reading]:
    """What is away has no figure."""
    queued, _ = queries.queued_runs()
    yield _figure(figures.DATABASE_MS, health.database().observed)
    yield _figure(figures.REDIS_MS, health.cache().observed)
    yield _figure(figures.QUEUED, str(queued))
    yield _figure(figures.OUTBOX, str(queries.outbox().waiting))


def _figure(name: str, value: str) -> Reading:
    return Reading(name, "", Decimal(value) if value else None)
