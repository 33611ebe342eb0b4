"""The shape of the returns: percentiles, the bad days, gains against losses.

As `statistics`: pure functions of returns, Undefined with a reason. Definitions agree
with empyrical's of the same names.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from portfolio.domain.reasons import Reason
from portfolio.domain.statistics import Undefined, mean, per_period

RARE = 0.05  # one day in twenty


def percentile(values: Sequence[float], share: float) -> float:
    """Linear between the two neighbours in order (Hyndman and Fan's type 7)."""
    if not values:
        raise Undefined(Reason.INSUFFICIENT_DATA)
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def value_at_risk(returns: Sequence[float]) -> float:
    """The return that 95 % of the days reached or passed; negative for a loss."""
    return percentile(returns, RARE)


def expected_shortfall(returns: Sequence[float]) -> float:
    """The mean of the days that were no better than the value at risk."""
    worst = value_at_risk(returns)
    return mean([r for r in returns if r <= worst])


def tail_ratio(returns: Sequence[float]) -> float:
    low = abs(percentile(returns, RARE))
    if low <= 1e-12:
        raise Undefined(Reason.NO_LOSSES)
    return abs(percentile(returns, 1.0 - RARE)) / low


def omega(
    returns: Sequence[float], ppy: int, risk_free: float = 0.0, required: float = 0.0
) -> float:
    """Gains over losses, both from a threshold: the annual risk-free rate and the
    annual return that is required."""
    if len(returns) < 2:
        raise Undefined(Reason.INSUFFICIENT_DATA)
    threshold = per_period(risk_free, ppy) + per_period(required, ppy)
    gained = math.fsum(max(r - threshold, 0.0) for r in returns)
    lost = math.fsum(max(threshold - r, 0.0) for r in returns)
    if lost <= 1e-12:
        raise Undefined(Reason.NO_LOSSES)
    return gained / lost
