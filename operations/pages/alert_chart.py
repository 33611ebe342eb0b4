"""What an alert's rule read around it: a chart with its threshold, and the numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils import timezone

from kernel.drawing import Drawn
from kernel.threshold_chart import Watched, threshold_chart
from operations import queries
from operations.domain import history, rules
from operations.models import Alert

BEFORE, AFTER = timedelta(hours=2), timedelta(minutes=30)
LONGEST = timedelta(hours=24)
GAP = timedelta(minutes=3)
STEPS = (5, 15, 30, 60, 120, 240)
MOST_LABELS = 7


@dataclass(frozen=True, kw_only=True)
class AlertChart:
    """`rows`: when and how much, newest first."""

    drawn: Drawn
    title: str
    rows: list[tuple[datetime, str]]


def alert_chart(alert: Alert, now: datetime) -> AlertChart | None:
    """From two hours before it began until now, or half an hour after its end, a day at
    most; None where nothing was kept. One query."""
    end = min(now, alert.resolved_at + AFTER) if alert.resolved_at else now
    start = max(alert.pending_at - BEFORE, end - LONGEST)
    moments = history.series_of(
        queries.kept_readings(start, end), alert.rule, alert.target
    )
    if not moments:
        return None
    title = f"{alert.title}, {alert.about}" if alert.target else alert.title
    watched = Watched(
        runs=history.unbroken(moments, GAP),
        start=start,
        end=end,
        threshold=alert.threshold,
        limit=f"limit {alert.allowed}",
        breach=(max(start, alert.pending_at), alert.resolved_at or end),
        times=_times(start, end),
    )
    drawn = threshold_chart(
        watched, name=f"alert-{alert.pk}", title=title, about=_about(alert, moments)
    )
    rows = [(at, rules.figure(alert.rule, value)) for at, value in reversed(moments)]
    return AlertChart(drawn=drawn, title=title, rows=rows)


def _about(alert: Alert, moments: list[history.Moment]) -> str:
    least = min(value for _, value in moments)
    most: Decimal = max(value for _, value in moments)
    return (
        f"Between {rules.figure(alert.rule, least)} and "
        f"{rules.figure(alert.rule, most)}; the limit is {alert.allowed}."
    )


def _times(start: datetime, end: datetime) -> list[tuple[datetime, str]]:
    """Round times of the reader's zone, at most seven, the zone with the first."""
    minutes = (end - start) / timedelta(minutes=1)
    step = next((s for s in STEPS if minutes / s <= MOST_LABELS), STEPS[-1])
    local = timezone.localtime(start).replace(second=0, microsecond=0)
    local += timedelta(minutes=step - (local.hour * 60 + local.minute) % step)
    labels: list[tuple[datetime, str]] = []
    while local <= end:
        form = "%H:%M" if labels else "%H:%M %Z"
        labels.append((local, local.strftime(form)))
        local += timedelta(minutes=step)
    return labels
