"""Statistics of returns against those of a benchmark, in pairs.

As `statistics`: pure functions of returns, Undefined with a reason. Definitions agree
with empyrical's of the same names.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from portfolio.domain.reasons import Reason
from portfolio.domain.statistics import (
    Undefined,
    deviation,
    divisor,
    mean,
    per_period,
)


def beta(own: Sequence[float], other: Sequence[float]) -> float:
    """The slope of the least squares line of own returns over the benchmark's."""
    if not deviation(other):
        raise Undefined(Reason.ZERO_VARIANCE)
    middle, height = mean(other), mean(own)
    both = math.fsum(
        (b - middle) * (r - height) for r, b in zip(own, other, strict=True)
    )
    return both / math.fsum((b - middle) ** 2 for b in other)


def alpha(
    own: Sequence[float], other: Sequence[float], ppy: int, risk_free: float = 0.0
) -> float:
    """What a year brings that the benchmark's moves times beta do not."""
    slope, rate = beta(own, other), per_period(risk_free, ppy)
    rest = [(r - rate) - slope * (b - rate) for r, b in zip(own, other, strict=True)]
    return _power(1.0 + mean(rest), ppy) - 1.0


def information_ratio(own: Sequence[float], other: Sequence[float], ppy: int) -> float:
    beyond = [r - b for r, b in zip(own, other, strict=True)]
    return mean(beyond) / divisor(beyond) * math.sqrt(ppy)


def capture(
    own: Sequence[float], other: Sequence[float], ppy: int, *, up: bool
) -> float:
    """The yearly return over the benchmark's, of the periods in which the benchmark
    rose (`up`) or fell."""
    chosen = [
        (r, b) for r, b in zip(own, other, strict=True) if (b > 0 if up else b < 0)
    ]
    if not chosen:
        raise Undefined(Reason.INSUFFICIENT_DATA)
    gained, reached = zip(*chosen, strict=True)
    yearly = _yearly(reached, ppy)
    if not yearly:  # it moved by less than the rounding of a float
        raise Undefined(Reason.ZERO_VARIANCE)
    return _yearly(gained, ppy) / yearly


def _yearly(returns: Sequence[float], ppy: int) -> float:
    return _power(math.prod(1.0 + r for r in returns), ppy / len(returns)) - 1.0


def _power(growth: float, exponent: float) -> float:
    if growth <= 0:
        raise Undefined(Reason.EQUITY_NON_POSITIVE)
    return float(growth**exponent)
