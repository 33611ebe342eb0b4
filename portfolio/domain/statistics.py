"""Performance statistics: pure functions of a series. The only floats of money.

Each takes its returns explicitly (fractions, one per period) and raises Undefined
with a reason where the number does not exist: never 0, 100 or infinity instead.
Whether a sample is long enough to show is decided by who builds the answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

NO_TRADES = "no_trades"
INSUFFICIENT_DATA = "insufficient_data"
ZERO_VARIANCE = "zero_variance"
NO_LOSSES = "no_losses"
NO_WINS = "no_wins"
NO_DRAWDOWN = "no_drawdown"
EQUITY_NON_POSITIVE = "equity_non_positive"
YEAR_DAYS = 365
CONFIDENCE = 1.959963984540054  # the normal distribution's 97.5 % point


class Undefined(Exception):
    """The metric has no value here; `reason` is its code."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Formula:
    """What a metric is: its id (changes when the definition does), its name and
    definition in words and signs, and in what it is counted."""

    id: str
    title: str
    definition: str
    unit: str
    inputs: str


FORMULAS: dict[str, Formula] = {
    "total_return": Formula(
        "twr/1",
        "Time-weighted return",
        "Π(1 + r) − 1 with r = (V_end + out) / (V_start + in) − 1 for each day",
        "fraction",
        "daily returns",
    ),
    "simple_return": Formula(
        "simple/1",
        "Simple return",
        "P&L / (equity at the range's start + inflows in the range)",
        "fraction",
        "P&L and flows",
    ),
    "cagr": Formula(
        "cagr/1",
        "Annual growth (CAGR)",
        "(1 + time-weighted return)^(365 / calendar days) − 1",
        "fraction",
        "daily returns",
    ),
    "volatility": Formula(
        "volatility/1",
        "Volatility",
        "std(r, ddof = 1) · √ppy",
        "fraction",
        "daily returns",
    ),
    "sharpe": Formula(
        "sharpe/1",
        "Sharpe ratio",
        "mean(r − rf) / std(r − rf, ddof = 1) · √ppy, rf = 0",
        "ratio",
        "daily returns",
    ),
    "sortino": Formula(
        "sortino/1",
        "Sortino ratio",
        "mean(r − mar) · ppy / (√mean(min(r − mar, 0)²) · √ppy), mar = 0",
        "ratio",
        "daily returns",
    ),
    "max_drawdown": Formula(
        "maxdd/1",
        "Max drawdown",
        "min(E / running maximum of E − 1), E = the index of linked returns from 1",
        "fraction",
        "daily returns",
    ),
    "calmar": Formula(
        "calmar/1",
        "Calmar ratio",
        "CAGR / |max drawdown|",
        "ratio",
        "daily returns",
    ),
    "win_rate": Formula(
        "winrate/1",
        "Win rate",
        "won round trips / closed round trips; even ones count as closed",
        "fraction",
        "closed round trips",
    ),
    "profit_factor": Formula(
        "profitfactor/1",
        "Profit factor",
        "Σ won / |Σ lost|, net of fees",
        "ratio",
        "closed round trips",
    ),
    "payoff": Formula(
        "payoff/1",
        "Payoff ratio",
        "average won / |average lost|, net of fees",
        "ratio",
        "closed round trips",
    ),
    "expectancy": Formula(
        "expectancy/1",
        "Expectancy",
        "mean net P&L of a closed round trip",
        "money",
        "closed round trips",
    ),
}


def floats(values: Iterable[Decimal]) -> list[float]:
    """The exact series as float64, once, at this border."""
    return [float(value) for value in values]


def exact_text(value: float) -> Decimal:
    """The shortest Decimal that is this float; how a statistic leaves here."""
    return Decimal(repr(value))


def mean(values: Sequence[float]) -> float:
    if not values:
        raise Undefined(INSUFFICIENT_DATA)
    return math.fsum(values) / len(values)


def deviation(values: Sequence[float]) -> float:
    """Sample standard deviation (ddof 1). Raises Undefined for fewer than two
    values, and for a spread that is only rounding noise."""
    if len(values) < 2:
        raise Undefined(INSUFFICIENT_DATA)
    middle = mean(values)
    squares = math.fsum((value - middle) ** 2 for value in values)
    found = math.sqrt(squares / (len(values) - 1))
    if found <= 1e-12 * max(1.0, abs(middle)):
        raise Undefined(ZERO_VARIANCE)
    return found


def per_period(annual: float, ppy: int) -> float:
    """An annual rate as the rate of one period, de-annualised geometrically."""
    return float((1.0 + annual) ** (1.0 / ppy) - 1.0)


def total_return(levels: Sequence[float]) -> float:
    """From the index's last level (it starts from 1)."""
    if not levels:
        raise Undefined(INSUFFICIENT_DATA)
    return levels[-1] - 1.0


def cagr(growth: float, calendar_days: int) -> float:
    """From growth V1/V0 (the index's last level) over so many days."""
    if calendar_days <= 0:
        raise Undefined(INSUFFICIENT_DATA)
    if growth <= 0:
        raise Undefined(EQUITY_NON_POSITIVE)
    return float(growth ** (YEAR_DAYS / calendar_days) - 1.0)


def volatility(returns: Sequence[float], ppy: int) -> float:
    return deviation(returns) * math.sqrt(ppy)


def sharpe(returns: Sequence[float], ppy: int, risk_free: float = 0.0) -> float:
    """Annualised, with an annual risk-free rate."""
    rate = per_period(risk_free, ppy)
    excess = [one - rate for one in returns]
    return mean(excess) / deviation(excess) * math.sqrt(ppy)


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
        raise Undefined(INSUFFICIENT_DATA)
    squares = [min(one - required, 0.0) ** 2 for one in returns]
    return math.sqrt(mean(squares)) * math.sqrt(ppy)


def sortino(returns: Sequence[float], ppy: int, required: float = 0.0) -> float:
    if len(returns) < 2:
        raise Undefined(INSUFFICIENT_DATA)
    risk = downside_risk(returns, ppy, required)
    if risk <= 1e-12:
        raise Undefined(NO_LOSSES)
    return mean([one - required for one in returns]) * ppy / risk


def max_drawdown(levels: Sequence[float]) -> float:
    """≤ 0, of an index that starts from 1; 0 when it never fell."""
    if not levels:
        raise Undefined(INSUFFICIENT_DATA)
    peak, worst = 1.0, 0.0
    for level in levels:
        peak = max(peak, level)
        worst = min(worst, level / peak - 1.0)
    return worst


def calmar(growth_per_year: float, worst: float) -> float:
    if worst >= 0:
        raise Undefined(NO_DRAWDOWN)
    return growth_per_year / abs(worst)


def win_rate(results: Sequence[int]) -> float:
    """From 1 (won), 0 (even), −1 (lost) of each closed round trip."""
    if not results:
        raise Undefined(NO_TRADES)
    return sum(1 for one in results if one > 0) / len(results)


def _split(
    nets: Sequence[float], results: Sequence[int]
) -> tuple[list[float], list[float]]:
    if not results:
        raise Undefined(NO_TRADES)
    won = [net for net, one in zip(nets, results, strict=True) if one > 0]
    lost = [net for net, one in zip(nets, results, strict=True) if one < 0]
    if not lost:
        raise Undefined(NO_LOSSES)
    return won, lost


def profit_factor(nets: Sequence[float], results: Sequence[int]) -> float:
    won, lost = _split(nets, results)
    return math.fsum(won) / abs(math.fsum(lost))


def payoff(nets: Sequence[float], results: Sequence[int]) -> float:
    won, lost = _split(nets, results)
    if not won:
        raise Undefined(NO_WINS)
    return mean(won) / abs(mean(lost))


def expectancy(nets: Sequence[float]) -> float:
    if not nets:
        raise Undefined(NO_TRADES)
    return mean(nets)
