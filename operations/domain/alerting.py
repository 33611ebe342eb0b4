"""When an alert is pending, fires and resolves: one pure step per look.

`step` takes what is known of an alert and one reading, and says what changes.
No data changes nothing: it neither fires nor resolves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from operations.domain.windows import (
    BOUNDS_MS,
    MINIMUM_REQUESTS,
    Counts,
    error_percent,
    percent_above,
    percentile_ms,
)

RESOLVE_AFTER = timedelta(seconds=30)
REOPEN_WITHIN = timedelta(minutes=10)
SLOW_SHARE = Decimal(5)
ERROR_RATE, LATENCY, MEMORY, DATABASE = (
    "error-rate",
    "latency-p95",
    "memory",
    "database",
)


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


@dataclass(frozen=True, kw_only=True)
class Seed:
    """A rule as it comes with the product; people change the threshold."""

    name: str
    title: str
    severity: Severity
    threshold: Decimal
    unit: str
    for_seconds: int


SEEDS = (
    Seed(
        name=ERROR_RATE,
        title="High error rate",
        severity=Severity.P1,
        threshold=Decimal(5),
        unit="%",
        for_seconds=30,
    ),
    Seed(
        name=LATENCY,
        title="Slow answers (P95)",
        severity=Severity.P2,
        threshold=Decimal(500),
        unit="ms",
        for_seconds=30,
    ),
    Seed(
        name=MEMORY,
        title="High memory usage",
        severity=Severity.P2,
        threshold=Decimal(80),
        unit="%",
        for_seconds=30,
    ),
    Seed(
        name=DATABASE,
        title="Database connection failures",
        severity=Severity.P0,
        threshold=Decimal(0),
        unit="failures",
        for_seconds=0,
    ),
)


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


def read_error_rate(counts: Counts | None, threshold: Decimal) -> Reading:
    """Under 20 requests counts as below: one failed request is no error rate."""
    if counts is None:
        return Reading(ERROR_RATE, "web", None)
    value = error_percent(counts)
    enough = counts.requests >= MINIMUM_REQUESTS
    return Reading(ERROR_RATE, "web", value, breached=enough and value > threshold)


def read_latency(counts: Counts | None, threshold: Decimal) -> Reading:
    """Breached when more than 5 % of the requests are above the threshold, which
    is exact because the threshold is a bucket bound. `value` is the bound that
    95 % stay under (2,000 when even that is passed)."""
    if counts is None:
        return Reading(LATENCY, "web", None)
    value = percentile_ms(counts, Decimal("0.95"))
    if not counts.requests:
        value = Decimal(0)
    slow = percent_above(counts, int(threshold)) > SLOW_SHARE
    enough = counts.requests >= MINIMUM_REQUESTS
    shown = Decimal(BOUNDS_MS[-1]) if value is None else value
    return Reading(LATENCY, "web", shown, breached=enough and slow)


def read_memory(target: str, percent: Decimal | None, threshold: Decimal) -> Reading:
    breached = percent is not None and percent > threshold
    return Reading(MEMORY, target, percent, breached=breached)


def read_database(failures: int, threshold: Decimal) -> Reading:
    """`failures` in a row, as `watch` counts them."""
    return Reading(
        DATABASE, "database", Decimal(failures), breached=failures > threshold
    )


def threshold_problem(rule: str, threshold: Decimal) -> str | None:
    """Why a rule cannot have this threshold; None when it can."""
    if threshold < 0:
        return "must not be negative"
    if rule in {ERROR_RATE, MEMORY} and threshold > 100:
        return "is a percentage: at most 100"
    if rule == LATENCY and threshold not in BOUNDS_MS:
        known = ", ".join(map(str, BOUNDS_MS))
        return f"must be one of the measured bounds: {known}"
    if rule == DATABASE and threshold != int(threshold):
        return "is a number of failures: use a whole number"
    if max(0, -int(threshold.as_tuple().exponent)) > 4:
        return "has more than 4 decimals"
    return None
