"""From days and round trips to the named metrics of an answer, each with value or
reason, formula id and n. Here sit the rules on how much data a number needs."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from kernel.numbers import ZERO
from portfolio.domain import against, money_weighted, tails
from portfolio.domain import returns as daily
from portfolio.domain import statistics as stats
from portfolio.domain.benchmark import (
    NO_BENCHMARK,
    Benchmark,
    growth,
    paired,
    periods_per_year,
)
from portfolio.domain.exposure import HeldDay, average
from portfolio.domain.formulas import FORMULAS
from portfolio.domain.reasons import Reason
from portfolio.domain.returns import Day, Drawdown
from portfolio.domain.statistics import Undefined
from portfolio.domain.trips import Trip

LEAST_DAYS = 30
LEAST_FOR_TAILS = 20  # returns: one in twenty is the tail
LEAST_PAIRS = 20
OF_DAYS = (
    "total_return",
    "simple_return",
    "cagr",
    "volatility",
    "sharpe",
    "sortino",
    "max_drawdown",
    "calmar",
)
OF_TAILS = ("omega", "value_at_risk", "expected_shortfall", "tail_ratio", "stability")
MONEY_WEIGHTED = ("money_weighted",)
OF_TRIPS = ("win_rate", "profit_factor", "payoff", "expectancy")
OF_HOLDINGS = ("gross_exposure", "net_exposure")
AGAINST = (
    "benchmark_return",
    "beta",
    "alpha",
    "information_ratio",
    "up_capture",
    "down_capture",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """`value` None exactly when `reason` is set; `n` observations behind it.
    `between` is a 95 % confidence interval where one is computed."""

    name: str
    value: Decimal | None
    n: int
    reason: Reason | None = None
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


class GroupedMetrics(Mapping[str, Metric]):
    """Metrics by name. A group is computed when one of it is asked for: the tables of
    strategies and symbols show five of thirty."""

    def __init__(
        self, groups: Mapping[tuple[str, ...], Callable[[], Iterable[Metric]]]
    ) -> None:
        self._groups = {
            name: group for names, group in groups.items() for name in names
        }
        self._known: dict[str, Metric] = {}

    def __getitem__(self, name: str) -> Metric:
        if name not in self._known:
            self._known |= {metric.name: metric for metric in self._groups[name]()}
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._groups)

    def __len__(self) -> int:
        return len(self._groups)


@dataclass(frozen=True, kw_only=True)
class MetricSet:
    """The numbers of one range and slice. Money in the base currency. `first` is the first
    day that counts, which a folded weekend hides."""

    days: Sequence[Day]
    trips: Sequence[Trip]
    ppy: int
    metrics: Mapping[str, Metric]
    first: date | None = None
    worst: Drawdown | None = None
    without_capital: int = 0

    @property
    def pnl(self) -> Decimal:
        return sum((day.pnl for day in self.days), ZERO)

    @property
    def fees(self) -> Decimal:
        return sum((trip.fees for trip in self.trips), ZERO)

    @property
    def wins(self) -> int:
        return sum(1 for trip in self.trips if trip.result > 0)

    @property
    def losses(self) -> int:
        return sum(1 for trip in self.trips if trip.result < 0)


def measure(
    days: Sequence[Day],
    trips: Sequence[Trip],
    ppy: int,
    *,
    whole: bool = True,
    benchmark: Benchmark = NO_BENCHMARK,
    held: Sequence[HeldDay] = (),
) -> MetricSet:
    """All metrics of daily bins (calendar days; folded here for ppy 252).

    Empty days stay in the series that is drawn; only observed ones are counted. Days
    that are not `whole` hold the P&L of a part of the books, which has no flows.
    """
    bins = daily.fold_weekends(days) if ppy == daily.WEEKDAYS else list(days)
    spells = daily.drawdowns(bins)
    observed = daily.observations(days)
    calendar = (observed[-1].day - observed[0].day).days + 1 if observed else 0
    first = days[0].day if days else None
    groups: dict[tuple[str, ...], Callable[[], list[Metric]]] = {
        OF_DAYS: lambda: _of_days(daily.observations(bins), ppy, calendar),
        OF_TAILS: lambda: _of_tails(stats.floats(daily.returns(bins)), ppy),
        MONEY_WEIGHTED: lambda: [_money_weighted(days, whole=whole)],
        OF_TRIPS: lambda: _of_trips(trips),
        OF_HOLDINGS: lambda: _of_holdings(held, whole=whole),
        AGAINST: lambda: _against(bins, first or date.min, ppy, benchmark),
    }
    return MetricSet(
        days=bins,
        trips=trips,
        ppy=ppy,
        first=first,
        metrics=GroupedMetrics(groups),
        worst=min(spells, key=lambda spell: spell.depth, default=None),
        without_capital=daily.without_capital(bins),
    )


def unavailable(ppy: int, reason: Reason) -> MetricSet:
    """Every metric null for one reason, such as a missing exchange rate."""
    metrics = {
        name: Metric(name=name, value=None, reason=reason, n=0) for name in FORMULAS
    }
    return MetricSet(days=[], trips=[], ppy=ppy, metrics=metrics)


def _metric(name: str, n: int, compute: Callable[[], float]) -> Metric:
    try:
        value = compute()
    except Undefined as undefined:
        return Metric(name=name, value=None, reason=undefined.reason, n=n)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        return Metric(name=name, value=None, reason=Reason.OUT_OF_RANGE, n=n)
    return Metric(name=name, value=stats.exact_text(value), n=n)


def _of_days(days: Sequence[Day], ppy: int, calendar: int) -> list[Metric]:
    """From observations; `calendar` days lie from the first to the last."""
    exact_levels = daily.index(days)
    levels = stats.floats(exact_levels)
    r = stats.floats(daily.returns(days))

    def growth() -> float:
        if calendar < LEAST_DAYS:
            raise Undefined(Reason.INSUFFICIENT_DATA)
        if daily.without_capital(days):
            raise Undefined(Reason.EQUITY_NON_POSITIVE)
        return stats.cagr(levels[-1], calendar)

    return [
        _total(exact_levels),
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


def _of_tails(r: Sequence[float], ppy: int) -> list[Metric]:
    def rare(compute: Callable[[Sequence[float]], float]) -> Callable[[], float]:
        def with_enough() -> float:
            if len(r) < LEAST_FOR_TAILS:
                raise Undefined(Reason.INSUFFICIENT_DATA)
            return compute(r)

        return with_enough

    n = len(r)
    return [
        _metric("omega", n, lambda: tails.omega(r, ppy)),
        _metric("value_at_risk", n, rare(tails.value_at_risk)),
        _metric("expected_shortfall", n, rare(tails.expected_shortfall)),
        _metric("tail_ratio", n, rare(tails.tail_ratio)),
        _metric("stability", n, lambda: stats.stability(r)),
    ]


def _of_holdings(held: Sequence[HeldDay], *, whole: bool) -> list[Metric]:
    def averaged(name: str, shares: Sequence[Decimal | None]) -> Metric:
        def share() -> float:
            if not whole:
                raise Undefined(Reason.PER_BOOK)
            if any(day.gross is None for day in held):
                raise Undefined(Reason.RECOMPUTING)
            return average(shares)

        return _metric(name, len(held), share)

    return [
        averaged("gross_exposure", [day.gross_share for day in held]),
        averaged("net_exposure", [day.net_share for day in held]),
    ]


def _against(
    days: Sequence[Day], first: date, ppy: int, benchmark: Benchmark
) -> list[Metric]:
    pairs = [] if benchmark.reason else paired(days, first, benchmark)
    own = stats.floats(pair.own for pair in pairs)
    other = stats.floats(pair.other for pair in pairs)
    yearly = periods_per_year(pairs, ppy)

    def with_pairs(
        compute: Callable[[], float], least: int = LEAST_PAIRS
    ) -> Callable[[], float]:
        def with_enough() -> float:
            if benchmark.reason:
                raise Undefined(benchmark.reason)
            if len(pairs) < least:
                raise Undefined(Reason.INSUFFICIENT_DATA)
            return compute()

        return with_enough

    def reached() -> float:
        return stats.floats([growth(days, first, benchmark)[-1] or ZERO])[0]

    def caught(*, up: bool) -> float:
        return against.capture(own, other, yearly, up=up)

    def beyond() -> float:
        return against.information_ratio(own, other, yearly)

    n = len(pairs)
    return [
        _metric("benchmark_return", n, with_pairs(reached, 1)),
        _metric("beta", n, with_pairs(lambda: against.beta(own, other))),
        _metric("alpha", n, with_pairs(lambda: against.alpha(own, other, yearly))),
        _metric("information_ratio", n, with_pairs(beyond)),
        _metric("up_capture", n, with_pairs(lambda: caught(up=True))),
        _metric("down_capture", n, with_pairs(lambda: caught(up=False))),
    ]


def _money_weighted(days: Sequence[Day], *, whole: bool) -> Metric:
    def rate() -> float:
        if not whole:
            raise Undefined(Reason.PER_BOOK)
        if len(days) < LEAST_DAYS:
            raise Undefined(Reason.INSUFFICIENT_DATA)
        return money_weighted.rate(days)

    return _metric("money_weighted", len(days), rate)


def _sharpe(r: Sequence[float], ppy: int) -> Metric:
    metric = _metric("sharpe", len(r), lambda: stats.sharpe(r, ppy))
    if metric.value is None:
        return metric
    low, high = stats.sharpe_interval(r, ppy)
    return replace(metric, between=(stats.exact_text(low), stats.exact_text(high)))


def _total(levels: Sequence[Decimal]) -> Metric:
    """Exact: no statistic, only linked days."""
    if not levels:
        reason = Reason.INSUFFICIENT_DATA
        return Metric(name="total_return", value=None, reason=reason, n=0)
    return Metric(name="total_return", value=levels[-1] - 1, n=len(levels))


def _simple(days: Sequence[Day]) -> Metric:
    n = len(days)
    capital = daily.joined(days).base if days else ZERO
    if capital <= 0:
        reason = Reason.EQUITY_NON_POSITIVE if days else Reason.INSUFFICIENT_DATA
        return Metric(name="simple_return", value=None, reason=reason, n=n)
    pnl = sum((day.pnl for day in days), ZERO)
    return Metric(name="simple_return", value=pnl / capital, n=n)


def _of_trips(trips: Sequence[Trip]) -> list[Metric]:
    nets = stats.floats(trip.net for trip in trips)
    results = [trip.result for trip in trips]
    n = len(trips)
    return [
        _metric("win_rate", n, lambda: stats.win_rate(results)),
        _metric("profit_factor", n, lambda: stats.profit_factor(nets, results)),
        _metric("payoff", n, lambda: stats.payoff(nets, results)),
        _metric("expectancy", n, lambda: stats.expectancy(nets)),
    ]
