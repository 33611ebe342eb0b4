"""From days and round trips to the named metrics of an answer, each with value or
reason, formula id and n. Here sit the rules on how much data a number needs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from kernel.numbers import ZERO
from portfolio.domain import returns as daily
from portfolio.domain import statistics as stats
from portfolio.domain.returns import Day, Drawdown
from portfolio.domain.statistics import FORMULAS, Undefined
from portfolio.domain.trips import Trip

LEAST_DAYS = 30
REASONS = {
    "no_trades": "no closed round trip in this range",
    "insufficient_data": "too few days in this range",
    "zero_variance": "the returns do not vary",
    "no_losses": "nothing was lost in this range",
    "no_wins": "nothing was won in this range",
    "no_drawdown": "never below an earlier peak",
    "equity_non_positive": "no capital on at least one day",
    "no_price": "an instrument has no price",
    "no_fx": "no exchange rate is known",
    "missing_cost": "the cost of a lot is unknown",
    "not_tracked": "the ledger holds executions only",
    "recomputing": "being recomputed",
    "no_capital": "nothing was ever paid in",
    "no_previous_close": "no earlier day to compare with",
}


@dataclass(frozen=True, slots=True)
class Metric:
    """`value` None exactly when `reason` is set; `n` observations behind it.
    `between` is a 95 % confidence interval where one is computed."""

    name: str
    value: Decimal | None
    reason: str
    n: int
    between: tuple[Decimal, Decimal] | None = None

    @property
    def formula(self) -> str:
        return FORMULAS[self.name].id

    @property
    def title(self) -> str:
        return FORMULAS[self.name].title

    @property
    def unit(self) -> str:
        return FORMULAS[self.name].unit

    @property
    def why(self) -> str:
        """The reason in words."""
        return REASONS.get(self.reason, self.reason)


@dataclass(frozen=True)
class Measured:
    """The numbers of one range and slice. Money in the base currency."""

    days: Sequence[Day]
    trips: Sequence[Trip]
    ppy: int
    metrics: dict[str, Metric] = field(default_factory=dict)
    worst: Drawdown | None = None
    without_capital: int = 0

    @property
    def pnl(self) -> Decimal:
        return sum((one.pnl for one in self.days), ZERO)

    @property
    def fees(self) -> Decimal:
        return sum((one.fees for one in self.trips), ZERO)

    @property
    def wins(self) -> int:
        return sum(1 for one in self.trips if one.result > 0)

    @property
    def losses(self) -> int:
        return sum(1 for one in self.trips if one.result < 0)


def measure(days: Sequence[Day], trips: Sequence[Trip], ppy: int) -> Measured:
    """All metrics of daily bins (calendar days; folded here for ppy 252)."""
    bins = daily.fold_weekends(days) if ppy == daily.WEEKDAYS else list(days)
    spells = daily.drawdowns(bins)
    result = Measured(
        days=bins,
        trips=trips,
        ppy=ppy,
        worst=min(spells, key=lambda one: one.depth, default=None),
        without_capital=daily.without_capital(bins),
    )
    calendar = (days[-1].day - days[0].day).days + 1 if days else 0
    result.metrics.update(_of_days(result, calendar))
    result.metrics.update(_of_trips(trips))
    return result


def unavailable(reason: str) -> dict[str, Metric]:
    """Every metric null for one reason, such as a missing exchange rate."""
    return {name: Metric(name, None, reason, 0) for name in FORMULAS}


def _metric(name: str, n: int, compute: Callable[[], float]) -> Metric:
    try:
        return Metric(name, stats.exact_text(compute()), "", n)
    except Undefined as undefined:
        return Metric(name, None, undefined.reason, n)


def _of_days(measured: Measured, calendar: int) -> dict[str, Metric]:
    days, ppy = measured.days, measured.ppy
    levels = stats.floats(daily.index(days))
    r = stats.floats(daily.returns(days))
    broken = measured.without_capital > 0

    def growth() -> float:
        if calendar < LEAST_DAYS:
            raise Undefined(stats.INSUFFICIENT_DATA)
        if broken:
            raise Undefined(stats.EQUITY_NON_POSITIVE)
        return stats.cagr(levels[-1], calendar)

    found = [
        _total(daily.index(days)),
        _simple(days),
        _metric("cagr", len(levels), growth),
        _metric("volatility", len(r), lambda: stats.volatility(r, ppy)),
        _sharpe(r, ppy),
        _metric("sortino", len(r), lambda: stats.sortino(r, ppy)),
        _metric("max_drawdown", len(levels), lambda: stats.max_drawdown(levels)),
        _metric(
            "calmar",
            len(levels),
            lambda: stats.calmar(growth(), stats.max_drawdown(levels)),
        ),
    ]
    return {one.name: one for one in found}


def _sharpe(r: Sequence[float], ppy: int) -> Metric:
    plain = _metric("sharpe", len(r), lambda: stats.sharpe(r, ppy))
    if plain.value is None:
        return plain
    low, high = stats.sharpe_interval(r, ppy)
    between = (stats.exact_text(low), stats.exact_text(high))
    return Metric("sharpe", plain.value, "", plain.n, between)


def _total(levels: Sequence[Decimal]) -> Metric:
    """Exact: no statistic, only linked days."""
    if not levels:
        return Metric("total_return", None, stats.INSUFFICIENT_DATA, 0)
    return Metric("total_return", levels[-1] - 1, "", len(levels))


def _simple(days: Sequence[Day]) -> Metric:
    if not days:
        return Metric("simple_return", None, stats.INSUFFICIENT_DATA, 0)
    capital = daily.joined(days).base
    if capital <= 0:
        return Metric("simple_return", None, stats.EQUITY_NON_POSITIVE, len(days))
    pnl = sum((one.pnl for one in days), ZERO)
    return Metric("simple_return", pnl / capital, "", len(days))


def _of_trips(trips: Sequence[Trip]) -> dict[str, Metric]:
    nets = stats.floats(one.net for one in trips)
    results = [one.result for one in trips]
    n = len(trips)
    found = [
        _metric("win_rate", n, lambda: stats.win_rate(results)),
        _metric("profit_factor", n, lambda: stats.profit_factor(nets, results)),
        _metric("payoff", n, lambda: stats.payoff(nets, results)),
        _metric("expectancy", n, lambda: stats.expectancy(nets)),
    ]
    return {one.name: one for one in found}
