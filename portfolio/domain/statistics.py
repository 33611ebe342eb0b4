"""Performance statistics: pure functions of a series. The only floats of money.

Each takes its returns explicitly (fractions, one per period) and raises Undefined
with a reason where the number does not exist: never 0, 100 or infinity instead.
Whether a sample is long enough to show is decided by who builds the answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import accumulate

from portfolio.domain.reasons import Reason

YEAR_DAYS = 365
CONFIDENCE = 1.959963984540054  # the normal distribution's 97.5 % point


class Undefined(Exception):
    """The metric has no value here; `reason` says why."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


def floats(values: Iterable[Decimal]) -> list[float]:
    """The exact series as float64, once, at this border."""
    return [float(value) for value in values]


def floats_or_gaps(values: Iterable[Decimal | None]) -> list[float | None]:
    """`floats`, with None where there is no value."""
    return [None if value is None else float(value) for value in values]


def exact_text(value: float) -> Decimal:
    """The shortest Decimal that is this float; how a statistic leaves here."""
    return Decimal(repr(value))


def mean(values: Sequence[float]) -> float:
    if not values:
        raise Undefined(Reason.INSUFFICIENT_DATA)
    return math.fsum(values) / len(values)


def deviation(values: Sequence[float]) -> float:
    """Sample standard deviation (ddof 1); 0 where the spread is only rounding noise.
    Raises Undefined for fewer than two values."""
    if len(values) < 2:
        raise Undefined(Reason.INSUFFICIENT_DATA)
    middle = mean(values)
    squares = math.fsum((value - middle) ** 2 for value in values)
    spread = math.sqrt(squares / (len(values) - 1))
    return 0.0 if spread <= 1e-12 * max(1.0, abs(middle)) else spread


def divisor(values: Sequence[float]) -> float:
    """The deviation to divide by. Raises Undefined for a constant series too."""
    spread = deviation(values)
    if not spread:
        raise Undefined(Reason.ZERO_VARIANCE)
    return spread


def per_period(annual: float, ppy: int) -> float:
    """An annual rate as the rate of one period, de-annualised geometrically."""
    return float((1.0 + annual) ** (1.0 / ppy) - 1.0)


def total_return(levels: Sequence[float]) -> float:
    """From the index's last level (it starts from 1)."""
    if not levels:
        raise Undefined(Reason.INSUFFICIENT_DATA)
    return levels[-1] - 1.0


def cagr(growth: float, calendar_days: int) -> float:
    """From growth V1/V0 (the index's last level) over so many days."""
    if calendar_days <= 0:
        raise Undefined(Reason.INSUFFICIENT_DATA)
    if growth <= 0:
        raise Undefined(Reason.EQUITY_NON_POSITIVE)
    return float(growth ** (YEAR_DAYS / calendar_days) - 1.0)


def stability(returns: Sequence[float]) -> float:
    """R² of a straight line through the cumulative log returns: 1 grows evenly.
    Raises Undefined where a day lost everything."""
    if len(returns) < 2:
        raise Undefined(Reason.INSUFFICIENT_DATA)
    if min(returns) <= -1:
        raise Undefined(Reason.EQUITY_NON_POSITIVE)
    logs = list(accumulate(math.log1p(r) for r in returns))
    middle, height = (len(logs) - 1) / 2, mean(logs)
    across = math.fsum((n - middle) ** 2 for n in range(len(logs)))
    up = math.fsum((level - height) ** 2 for level in logs)
    if up <= (1e-12 * max(1.0, abs(height))) ** 2 * len(logs):
        raise Undefined(Reason.ZERO_VARIANCE)
    both = math.fsum((n - middle) * (level - height) for n, level in enumerate(logs))
    return both * both / (across * up)


def volatility(returns: Sequence[float], ppy: int) -> float:
    """Annualised; 0 for a constant series."""
    return deviation(returns) * math.sqrt(ppy)


def sharpe(returns: Sequence[float], ppy: int, risk_free: float = 0.0) -> float:
    """Annualised, with an annual risk-free rate."""
    rate = per_period(risk_free, ppy)
    excess = [r - rate for r in returns]
    return mean(excess) / divisor(excess) * math.sqrt(ppy)


def sharpe_interval(
    returns: Sequence[float], ppy: int, risk_free: float = 0.0
) -> tuple[float, float]:
    """Its 95 % confidence interval, for independent returns:
    standard error of the period's ratio s = √((1 + s²/2) / n)."""
    ratio = sharpe(returns, ppy, risk_free) / math.sqrt(ppy)
    error = math.sqrt((1.0 + ratio * ratio / 2.0) / len(returns))
    low, high = ratio - CONFIDENCE * error, ratio + CONFIDENCE * error
    return low * math.sqrt(ppy), high * math.sqrt(ppy)


def downside_risk(returns: Sequence[float], ppy: int, required: float = 0.0) -> float:
    """√mean(min(r − mar, 0)²) over all periods, annualised; mar per period."""
    if not returns:
        raise Undefined(Reason.INSUFFICIENT_DATA)
    squares = [min(r - required, 0.0) ** 2 for r in returns]
    return math.sqrt(mean(squares)) * math.sqrt(ppy)


def sortino(returns: Sequence[float], ppy: int, required: float = 0.0) -> float:
    if len(returns) < 2:
        raise Undefined(Reason.INSUFFICIENT_DATA)
    risk = downside_risk(returns, ppy, required)
    if risk <= 1e-12:
        raise Undefined(Reason.NO_LOSSES)
    return mean([r - required for r in returns]) * ppy / risk


def max_drawdown(levels: Sequence[float]) -> float:
    """≤ 0, of an index that starts from 1; 0 when it never fell."""
    if not levels:
        raise Undefined(Reason.INSUFFICIENT_DATA)
    peak, worst = 1.0, 0.0
    for level in levels:
        peak = max(peak, level)
        worst = min(worst, level / peak - 1.0)
    return worst


def calmar(growth_per_year: float, worst: float) -> float:
    if worst >= 0:
        raise Undefined(Reason.NO_DRAWDOWN)
    return growth_per_year / abs(worst)


def win_rate(results: Sequence[int]) -> float:
    """From 1 (won), 0 (even), −1 (lost) of each closed round trip."""
    if not results:
        raise Undefined(Reason.NO_TRADES)
    return sum(1 for result in results if result > 0) / len(results)


def _split(
    nets: Sequence[float], results: Sequence[int]
) -> tuple[list[float], list[float]]:
    if not results:
        raise Undefined(Reason.NO_TRADES)
    won = [net for net, result in zip(nets, results, strict=True) if result > 0]
    lost = [net for net, result in zip(nets, results, strict=True) if result < 0]
    if not lost:
        raise Undefined(Reason.NO_LOSSES)
    return won, lost


def profit_factor(nets: Sequence[float], results: Sequence[int]) -> float:
    won, lost = _split(nets, results)
    return math.fsum(won) / abs(math.fsum(lost))


def payoff(nets: Sequence[float], results: Sequence[int]) -> float:
    won, lost = _split(nets, results)
    if not won:
        raise Undefined(Reason.NO_WINS)
    return mean(won) / abs(mean(lost))


def expectancy(nets: Sequence[float]) -> float:
    if not nets:
        raise Undefined(Reason.NO_TRADES)
    return mean(nets)
