"""What outlives Redis and the moment, a minute at a time: the counters' slots rolled up,
and what the rules read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from operations.domain import history, windows
from operations.domain.alerting import Reading
from operations.models import Minute
from operations.services import counters, figures

MINUTE = timedelta(minutes=1)
WEB, READINGS = Minute.WEB, Minute.READINGS


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


def keep_readings(readings: Iterable[Reading], at: datetime) -> None:
    """The first look of a minute, and what later ones saw above a threshold."""
    readings = list(readings)
    start = at.replace(second=0, microsecond=0)
    row = Minute.objects.filter(at=start, series=READINGS).first()
    if row is None:
        values = history.packed([*readings, *figures.read()])
        # Another evaluator may have come first, with the same.
        Minute.objects.bulk_create(
            [Minute(at=start, series=READINGS, values=values, slots_read=1)],
            ignore_conflicts=True,
        )
        return
    breached = [reading for reading in readings if reading.breached]
    values = history.worse(row.values, history.packed(breached))
    if values != row.values:
        Minute.objects.filter(pk=row.pk).update(values=values)
