"""From a measurement and a threshold to a verdict with its reason. Pure."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

from kernel.numbers import NotExact, read_number
from kernel.registry import Measurement


class Verdict(StrEnum):
    """What a record says: an error is neither pass nor fail; a person's record is
    info until another confirms it."""

    PASS = "pass"
    FAIL = "fail"
    ERROR = "error"
    INFO = "info"


CONCLUSIVE = frozenset({Verdict.PASS, Verdict.FAIL})
NO_FAULTS = "== 0"
_THRESHOLD = re.compile(r"(<=|>=|==|!=|<|>)\s*(\S.*)")
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@dataclass(frozen=True)
class Judgement:
    verdict: Verdict
    reason: str


def unavailable(probe: str) -> Judgement:
    """For a check whose probe this product does not have."""
    return Judgement(Verdict.ERROR, f"probe {probe} is not available")


def unproving(*, clean: bool) -> Judgement:
    """For a product that does not run exactly a commit: nothing can be bound."""
    if clean:
        return Judgement(Verdict.ERROR, "the running commit is unknown")
    return Judgement(Verdict.ERROR, "the tree differs from its commit")


def changed() -> Judgement:
    """For a check that is not the one that was published: its limit may be anybody's."""
    return Judgement(Verdict.ERROR, "the check is not the one that was published")


def judge(measurement: Measurement, threshold: str | None) -> Judgement:
    """pass or fail by the threshold ("< 50", "== wal"); without one the value is
    a number of faults and must be 0. What cannot be compared is an error."""
    if measurement.error:
        return Judgement(Verdict.ERROR, measurement.error)
    if measurement.value is None:
        return Judgement(Verdict.ERROR, measurement.detail or "nothing was measured")
    rule = _THRESHOLD.fullmatch((threshold or NO_FAULTS).strip())
    if rule is None:
        return Judgement(Verdict.ERROR, f"the threshold {threshold!r} cannot be read")
    sign, limit = rule.groups()
    holds = _holds(measurement.value, sign, limit)
    if holds is None:
        return Judgement(
            Verdict.ERROR,
            f"{measurement.value!r} cannot be compared with {sign} {limit}",
        )
    verdict = Verdict.PASS if holds else Verdict.FAIL
    return Judgement(verdict, _sentence(measurement, threshold, holds=holds))


def _sentence(measurement: Measurement, threshold: str | None, *, holds: bool) -> str:
    if threshold is None:
        return measurement.detail or (
            "no faults" if holds else f"{measurement.value} faults"
        )
    shown = f"{measurement.value} {measurement.unit}".strip()
    wanted = f"{shown}, {'as' if holds else 'not as'} required ({threshold})"
    return f"{wanted}: {measurement.detail}" if measurement.detail else wanted


def _number(text: str) -> Decimal | None:
    try:
        return read_number(text)
    except NotExact:
        return None


def _holds(value: str, sign: str, limit: str) -> bool | None:
    """Numbers as numbers; words only by == and !=; None when it makes no sense."""
    left, right = _number(value), _number(limit)
    if left is not None and right is not None:
        return _COMPARE[sign](left, right)
    if sign in {"==", "!="}:
        return _COMPARE[sign](value.strip(), limit.strip())
    return None


def valid_until(observed_at: datetime, freshness: int, grace: int) -> datetime:
    """Until when a record counts: freshness plus grace, both in seconds."""
    return observed_at + timedelta(seconds=freshness + grace)


# Something may be mended without a new commit (a setting, a disk): look again soon,
# sooner where nothing could be measured at all.
RETRY: Mapping[str, timedelta] = {
    Verdict.FAIL: timedelta(minutes=5),
    Verdict.ERROR: timedelta(minutes=1),
}


LONGEST_RETRY = timedelta(hours=1)

# Asking, waiting for a worker, measuring and judging: a fresh verdict needs this long.
LEAD = timedelta(seconds=45)


def repeated_at(observed_at: datetime, freshness: int) -> datetime:
    """From when the same verdict is worth a new record; `freshness` in seconds.

    Half way through its freshness, so that one lost run does not make it stale,
    and early enough that the next verdict is there before this one ends.
    """
    whole = timedelta(seconds=freshness)
    return observed_at + max(min(whole / 2, whole - LEAD), timedelta(0))


def due_at(
    verdict: str,
    observed_at: datetime,
    freshness: int,
    said_since: datetime | None = None,
) -> datetime:
    """When a check should be measured again: `repeated_at`, or sooner where something
    may have been mended. What could not be measured for the same reason `said_since`
    then is asked for after as long a time again, within the hour: a setting that is
    not set is not asked for every minute."""
    usual = repeated_at(observed_at, freshness)
    if verdict not in RETRY:
        return usual
    wait = RETRY[verdict]
    if verdict == Verdict.ERROR and said_since is not None:
        wait = min(max(wait, observed_at - said_since), LONGEST_RETRY)
    return min(usual, observed_at + wait)
