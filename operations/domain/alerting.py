"""When an alert is pending, fires and resolves: one pure step per look.

`step` takes what is known of an alert and one reading, and says what changes.
No data changes nothing: it neither fires nor resolves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

RESOLVE_AFTER = timedelta(seconds=30)
REOPEN_WITHIN = timedelta(minutes=10)


class Severity(StrEnum):
    """P0 wakes people up, P3 waits for Monday."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class TimelineKind(StrEnum):
    """What a line of an alert's story is about."""

    PENDING = "pending"
    FIRING = "firing"
    REOPENED = "reopened"
    RESOLVED = "resolved"
    NOTIFIED = "notified"
    ACKNOWLEDGED = "acknowledged"


@dataclass(frozen=True)
class Reading:
    """One look at one target of one rule. `value` None: no data."""

    rule: str
    target: str
    value: Decimal | None
    breached: bool = False


@dataclass(frozen=True, kw_only=True)
class AlertTimes:
    """What is known of an unresolved alert, or of the one just resolved."""

    pending_at: datetime
    fired_at: datetime | None = None
    below_since: datetime | None = None
    resolved_at: datetime | None = None


class Change(StrEnum):
    """What a step asks for."""

    NOTHING = "nothing"
    OPEN = "open"
    FIRE = "fire"
    REOPEN = "reopen"
    STILL = "still"
    BELOW = "below"
    RESOLVE = "resolve"


def step(
    times: AlertTimes | None, reading: Reading, *, for_seconds: int, at: datetime
) -> Change:
    """What one reading at `at` changes.

    OPEN: a new pending alert. FIRE: a pending one has lasted `for_seconds` (a new
    one with `for_seconds` 0 is opened and fired at once by the caller). REOPEN:
    breached again within 10 minutes of resolving. STILL: goes on. BELOW: first
    reading under the threshold. RESOLVE: below for 30 s, or pending and below.
    """
    if reading.value is None:
        return Change.NOTHING
    open_alert = times if times and times.resolved_at is None else None
    if reading.breached:
        return _breached(times, open_alert, for_seconds, at)
    if open_alert is None:
        return Change.NOTHING
    if open_alert.fired_at is None:
        return Change.RESOLVE
    if open_alert.below_since is None:
        return Change.BELOW
    return (
        Change.RESOLVE
        if at - open_alert.below_since >= RESOLVE_AFTER
        else Change.NOTHING
    )


def _breached(
    times: AlertTimes | None,
    open_alert: AlertTimes | None,
    for_seconds: int,
    at: datetime,
) -> Change:
    if open_alert is None:
        recent = (
            times is not None
            and times.fired_at is not None
            and times.resolved_at is not None
            and at - times.resolved_at < REOPEN_WITHIN
        )
        return Change.REOPEN if recent else Change.OPEN
    if open_alert.fired_at is None and at - open_alert.pending_at >= timedelta(
        seconds=for_seconds
    ):
        return Change.FIRE
    return Change.STILL
