"""The rules: what each of them reads, and which thresholds can be measured."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from kernel.numbers import text
from operations.domain.alerting import Reading
from operations.domain.seeds import (
    BOUNDS,
    COUNTS,
    DATABASE,
    DISK,
    DISK_FULL,
    ERROR_RATE,
    FIXED,
    LATENCY,
    PERCENTAGES,
    UNITS,
)
from operations.domain.windows import (
    BOUNDS_MS,
    MINIMUM_REQUESTS,
    Counts,
    error_percent,
    percent_above,
    percentile_ms,
)

SLOW_SHARE = Decimal(5)
# Stands for a P95 above the last bound, of which no more is known.
OVER_MS = BOUNDS_MS[-1] + 1
# Percent alone would page for a large disk with room for years.
DISK_ENOUGH = 10_000_000_000
DISK_FULL_ENOUGH = 3_000_000_000
DISK_LEAST = 500_000_000
LONGEST_DETAIL = 300


@dataclass(frozen=True, kw_only=True)
class DiskSpace:
    """One file system: what of ours lies on it, and its bytes."""

    target: str
    free: int
    total: int

    @property
    def used_percent(self) -> Decimal:
        """Of what may be used, two decimals; 100 for a file system without size."""
        used = Decimal(self.total - self.free) / self.total if self.total else 1
        return (Decimal(used) * 100).quantize(Decimal("0.01"))


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
    95 % stay under (OVER_MS when even the last is passed)."""
    if counts is None:
        return Reading(LATENCY, "web", None)
    value = percentile_ms(counts, Decimal("0.95"))
    if not counts.requests:
        value = Decimal(0)
    slow = percent_above(counts, int(threshold)) > SLOW_SHARE
    enough = counts.requests >= MINIMUM_REQUESTS
    shown = Decimal(OVER_MS) if value is None else value
    return Reading(LATENCY, "web", shown, breached=enough and slow)


def read_above(
    rule: str,
    target: str,
    value: Decimal | int | None,
    threshold: Decimal,
    detail: str = "",
) -> Reading:
    """Breached when the value is above the threshold; no data without a value."""
    if value is None:
        return Reading(rule, target, None)
    breached = value > threshold
    said = " ".join(detail.split())[:LONGEST_DETAIL] if breached else ""
    return Reading(rule, target, Decimal(value), breached=breached, detail=said)


def read_disk(space: DiskSpace, threshold: Decimal) -> Reading:
    """Breached by share and bytes: the threshold used, and under 10 GB free."""
    used = space.used_percent
    breached = used > threshold and space.free < DISK_ENOUGH
    return Reading(DISK, space.target, used, breached=breached)


def read_disk_full(space: DiskSpace, threshold: Decimal) -> Reading:
    """Breached by share and bytes (under 3 GB free), and always under 500 MB."""
    used = space.used_percent
    little = used > threshold and space.free < DISK_FULL_ENOUGH
    return Reading(
        DISK_FULL, space.target, used, breached=little or space.free < DISK_LEAST
    )


def read_database(failures: int, threshold: Decimal) -> Reading:
    """`failures` in a row, as `watch` counts them."""
    return read_above(DATABASE, "database", failures, threshold)


def amount(rule: str, value: Decimal | None) -> str:
    """A rule's threshold with its unit: "2,000 ms"."""
    if value is None:
        return "no value"
    unit = UNITS.get(rule, "")
    if rule in COUNTS and value == 1:
        unit = unit.removesuffix("s")
    return f"{Decimal(text(value)):,f} {unit}".strip()


def figure(rule: str, value: Decimal | None) -> str:
    """What was seen, with its unit; P95 is known by bucket: "500–1,000 ms"."""
    if rule != LATENCY or not value:
        return amount(rule, value)
    if value > BOUNDS_MS[-1]:
        return f"over {BOUNDS_MS[-1]:,} ms"
    below = max((bound for bound in BOUNDS_MS if bound < value), default=0)
    return f"{below:,}–{amount(rule, value)}"


def threshold_problem(rule: str, threshold: Decimal) -> str | None:
    """Why a rule cannot have this threshold; None when it can."""
    if threshold < 0:
        return "must not be negative"
    if rule in FIXED:
        return "is not to be changed: a single one is too much"
    if rule in PERCENTAGES and threshold >= 100:
        return "is a percentage: under 100, for more there cannot be"
    if rule == LATENCY and threshold not in BOUNDS_MS:
        known = ", ".join(map(str, BOUNDS_MS))
        return f"must be one of the measured bounds: {known}"
    if rule in COUNTS and threshold != int(threshold):
        return f"is a number of {UNITS[rule]}: use a whole number"
    if max(0, -int(threshold.as_tuple().exponent)) > 4:
        return "has more than 4 decimals"
    least, most = BOUNDS.get(rule, (0, threshold))
    if not least <= threshold <= most:
        return f"must lie between {amount(rule, Decimal(least))} and " + amount(
            rule, Decimal(most)
        )
    return None
