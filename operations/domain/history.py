"""What the rules read, kept a minute at a time: packed small, and read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from kernel.numbers import text
from operations.domain.alerting import Reading
from operations.domain.seeds import COUNTS

# {rule: {target: value}}; of what is counted a target without any is left out.
Kept = dict[str, dict[str, str]]
Moment = tuple[datetime, Decimal]
HALF_HOUR = timedelta(minutes=30)


def packed(readings: Iterable[Reading]) -> Kept:
    """What was read; a rule without data is not there."""
    kept: Kept = {}
    for reading in readings:
        if reading.value is None:
            continue
        targets = kept.setdefault(reading.rule, {})
        if reading.value or reading.rule not in COUNTS:
            targets[reading.target] = text(reading.value)
    return kept


def worse(before: Kept, after: Kept) -> Kept:
    """Of each target the higher of both."""
    merged = {rule: dict(targets) for rule, targets in before.items()}
    for rule, targets in after.items():
        known = merged.setdefault(rule, {})
        for target, value in targets.items():
            known[target] = max(value, known.get(target, value), key=Decimal)
    return merged


def value_of(kept: Kept, rule: str, target: str) -> Decimal | None:
    """None without data."""
    if rule not in kept:
        return None
    value = kept[rule].get(target, "0" if rule in COUNTS else "")
    return Decimal(value) if value else None


def worst_of(kept: Kept, rule: str) -> Decimal | None:
    """The highest of all targets; None without data."""
    if rule not in kept:
        return None
    values = [Decimal(value) for value in kept[rule].values()]
    return max(values, default=Decimal(0) if rule in COUNTS else None)


def half_hours(
    moments: Iterable[Moment], start: datetime, count: int
) -> list[Decimal | None]:
    """The highest of each half hour from `start`; None where nothing is known."""
    highest: list[Decimal | None] = [None] * count
    for at, value in moments:
        slot = (at - start) // HALF_HOUR
        if 0 <= slot < count:
            before = highest[slot]
            highest[slot] = value if before is None else max(before, value)
    return highest


def unbroken(moments: Sequence[Moment], gap: timedelta) -> list[list[Moment]]:
    """The moments as runs without a gap: a line over a gap would tell of what nobody
    read."""
    runs: list[list[Moment]] = []
    for moment in moments:
        if runs and moment[0] - runs[-1][-1][0] <= gap:
            runs[-1].append(moment)
        else:
            runs.append([moment])
    return runs


def series_of(
    rows: Iterable[tuple[datetime, Mapping[str, dict[str, str]]]],
    rule: str,
    target: str | None = None,
) -> list[Moment]:
    """What was read of a target, or the worst of all targets, minute by minute."""
    moments = []
    for at, kept in rows:
        of_rule = {rule: kept[rule]} if rule in kept else {}
        if target is None:
            value = worst_of(of_rule, rule)
        else:
            value = value_of(of_rule, rule, target)
        if value is not None:
            moments.append((at, value))
    return moments
