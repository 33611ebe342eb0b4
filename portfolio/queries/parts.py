"""Performance by strategy or symbol: each one's share of the P&L and its metrics."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from kernel.numbers import ZERO
from portfolio.domain.equity import Slice
from portfolio.domain.metrics import MetricSet, measure
from portfolio.domain.returns import Day
from portfolio.domain.trips import Trip
from portfolio.queries.performance import Performance
from portfolio.queries.selection import UNASSIGNED


@dataclass(frozen=True, kw_only=True)
class Part:
    """One strategy or symbol."""

    name: str
    metric_set: MetricSet

    @property
    def pnl(self) -> Decimal:
        return self.metric_set.pnl


def by_strategy(performance: Performance) -> list[Part]:
    """Best first; P&L adds up to the whole but for the currency effect. Needs a
    detailed Performance."""
    return _parts(
        performance,
        lambda key: key[1] or UNASSIGNED,
        lambda trip: trip.strategy or UNASSIGNED,
    )


def by_symbol(performance: Performance) -> list[Part]:
    """Like by_strategy."""
    return _parts(
        performance, lambda key: key[0] or UNASSIGNED, lambda trip: trip.symbol
    )


def _parts(
    performance: Performance,
    slice_name: Callable[[Slice], str],
    trip_name: Callable[[Trip], str],
) -> list[Part]:
    slices: dict[str, list[Sequence[Day]]] = defaultdict(list)
    for key, days in performance.slices.items():
        slices[slice_name(key)].append(days)
    trips: dict[str, list[Trip]] = defaultdict(list)
    for trip in performance.metric_set.trips:
        trips[trip_name(trip)].append(trip)
    ppy = performance.scope.ppy
    parts = [
        Part(
            name=name,
            metric_set=measure(
                _summed(slices[name]),
                trips[name],
                ppy,
                whole=False,
                benchmark=performance.benchmark,
            ),
        )
        for name in sorted({*slices, *trips})
    ]
    parts.sort(key=lambda part: -part.pnl)
    return parts


def _summed(slices: Sequence[Sequence[Day]]) -> Sequence[Day]:
    """Slices of the same days: P&L added, the book's capital kept."""
    if len(slices) == 1:
        return slices[0]
    return [
        row[0].earning(sum((day.pnl for day in row), ZERO))
        for row in zip(*slices, strict=True)
    ]
