"""How well it did: one Performance that page, API and overview share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

from kernel.numbers import ZERO
from portfolio.domain.benchmark import NO_BENCHMARK, Benchmark
from portfolio.domain.equity import Slice
from portfolio.domain.exposure import HeldDay
from portfolio.domain.metrics import MetricSet, measure, unavailable
from portfolio.domain.reasons import Reason
from portfolio.domain.returns import Day
from portfolio.domain.valuation import total
from portfolio.models import EquityPoint
from portfolio.queries import days as stored
from portfolio.queries.benchmark import benchmark
from portfolio.queries.books import Scope
from portfolio.queries.curves import StoredCurves
from portfolio.queries.days import DayRates, Inputs
from portfolio.queries.exposure import held_days
from portfolio.queries.intraday import last_hours
from portfolio.queries.selection import Selection
from portfolio.queries.trips import closed_trips


@dataclass(frozen=True, kw_only=True)
class Performance:
    """The answer of one range. What is `lacking` (a rate, or hours of a history too
    long to walk) leaves no number at all.

    `implied_funding` is the cash that fills lacked before the first deposit and that
    counts as paid in, None without a rate.
    """

    scope: Scope
    selection: Selection
    metric_set: MetricSet
    inputs: Inputs
    curves: StoredCurves
    lacking: Reason | None = None
    unvalued: int = 0
    implied_funding: Decimal | None = None
    slices: Mapping[Slice, Sequence[Day]] = field(default_factory=dict)
    benchmark: Benchmark = NO_BENCHMARK
    held: Sequence[HeldDay] = ()

    @property
    def days(self) -> Sequence[Day]:
        return self.metric_set.days

    @property
    def recomputing(self) -> bool:
        return self.curves.recomputing

    @property
    def as_of(self) -> datetime | None:
        return self.curves.as_of

    @property
    def reason(self) -> Reason | None:
        """Why numbers are missing, or not of now."""
        return self.lacking or (Reason.RECOMPUTING if self.recomputing else None)

    @property
    def warnings(self) -> dict[str, int]:
        counts = {
            "equity_non_positive": self.metric_set.without_capital,
            "no_price": self.unvalued,
            "implied_funding": int(any(self.curves.funded.values())),
        }
        return {name: count for name, count in counts.items() if count}


def performance(
    scope: Scope,
    selection: Selection,
    curves: StoredCurves,
    now: datetime,
    *,
    detailed: bool = False,
) -> Performance:
    """Returns, metrics and provenance of a range, in four queries (more in several
    currencies, where anything moved between own books, and for a benchmark).

    `detailed` also keeps the days of every (symbol, strategy) for the tables.
    """
    selection = replace(selection, period=selection.period.until(scope.day(now)))
    period = selection.period
    points = stored.points_for(scope, period)
    inside = [point for point in points if point.day in period]
    inputs = stored.inputs_until(scope, points, period.last)
    rates = stored.day_rates(scope)
    whole = stored.whole_days(scope, points, period, rates)
    if whole is None:
        return _unavailable(scope, selection, inputs, curves, Reason.NO_FX)
    days, slices = whole
    if selection.sliced:
        days = stored.sliced(days, slices, selection.holds)
    days = stored.from_capital(days)
    if period.hours is not None:
        walked = last_hours(scope, selection, now, period.hours)
        if isinstance(walked, Reason):
            return _unavailable(scope, selection, inputs, curves, walked)
        days = walked
    trips = closed_trips(scope, selection, now, rates)
    held = _held(scope, inside, rates, days)
    beside = benchmark(scope, selection.benchmark, period, days)
    return Performance(
        scope=scope,
        selection=selection,
        metric_set=measure(
            days,
            trips,
            scope.ppy,
            whole=not selection.sliced,
            benchmark=beside,
            held=held,
        ),
        held=held,
        inputs=inputs.with_closes(beside),
        benchmark=beside,
        curves=curves,
        implied_funding=total(
            rate if rate is None else amount * rate
            for book in scope.books
            for amount in [curves.funded.get(book.pk, ZERO)]
            for rate in [
                rates.on(book.pk, book.base_currency, period.last) if amount else ZERO
            ]
        ),
        unvalued=sum(1 for point in inside if point.unvalued),
        slices=stored.by_slice(days, slices, selection.holds) if detailed else {},
    )


def _held(
    scope: Scope,
    points: Sequence[EquityPoint],
    rates: DayRates,
    days: Sequence[Day],
) -> list[HeldDay]:
    """What was held on these days; of hours inside a day nobody asked."""
    if not days:
        return []
    first = days[0].day
    return [day for day in held_days(scope, points, rates) if day.day >= first]


def _unavailable(
    scope: Scope,
    selection: Selection,
    inputs: Inputs,
    curves: StoredCurves,
    reason: Reason,
) -> Performance:
    return Performance(
        scope=scope,
        selection=selection,
        metric_set=unavailable(scope.ppy, reason),
        inputs=inputs,
        curves=curves,
        lacking=reason,
    )
