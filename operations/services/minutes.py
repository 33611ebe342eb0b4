"""Rolls the counters' slots up into minutes, which outlive Redis."""

from __future__ import annotations

from datetime import datetime, timedelta

from operations.domain import windows
from operations.models import Minute
from operations.services import counters

MINUTE = timedelta(minutes=1)
WEB = "web"
# A row a minute each, kept 40 days: what that comes to is added up by a test.
SERIES = (WEB,)


def roll_up(at: datetime) -> None:
    """Keep the last complete minute: an idempotent upsert, repeated until all six
    of its slots were readable."""
    start = at.replace(second=0, microsecond=0) - MINUTE
    if Minute.objects.filter(
        at=start, series=WEB, slots_read=windows.WINDOW_SLOTS
    ).exists():
        return
    counts = counters.read_window((start + MINUTE).timestamp())
    if counts is not None:
        Minute.objects.update_or_create(
            at=start,
            series=WEB,
            defaults={"values": counts.as_fields(), "slots_read": counts.slots_read},
        )
