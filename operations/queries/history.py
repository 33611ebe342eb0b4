"""Reading the minutes: what the web counted, what the rules read."""

from __future__ import annotations

from datetime import datetime

from django.db.models import QuerySet

from operations.domain.history import Kept
from operations.domain.windows import WINDOW_SLOTS, Counts, total
from operations.models import Minute


def web_minutes(since: datetime, until: datetime) -> list[tuple[datetime, Counts]]:
    """Minutes that were read whole, oldest first: one query."""
    rows = _of(Minute.WEB, since, until).filter(slots_read=WINDOW_SLOTS)
    return [(row.at, total([row.values])) for row in rows]


def kept_readings(since: datetime, until: datetime) -> list[tuple[datetime, Kept]]:
    """Oldest first: one query."""
    return [(row.at, row.values) for row in _of(Minute.READINGS, since, until)]


def _of(series: str, since: datetime, until: datetime) -> QuerySet[Minute]:
    rows = Minute.objects.filter(series=series, at__gte=since, at__lte=until)
    return rows.order_by("at")
