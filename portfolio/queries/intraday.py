"""Equity inside a day, walked from the facts: for ranges of hours and finer curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from kernel.numbers import ZERO
from portfolio.domain.equity import walk
from portfolio.domain.periods import CUSTOM, INTERVALS, MOST_POINTS, Period
from portfolio.domain.reasons import Reason
from portfolio.domain.returns import Day, day_end
from portfolio.queries.books import Scope
from portfolio.queries.history import history
from portfolio.queries.selection import Selection
from portfolio.queries.sizes import may_be_walked


@dataclass(frozen=True, kw_only=True)
class Moment:
    """All books together at one time, and what flowed in since the moment before."""

    at: datetime
    equity: Decimal
    flow: Decimal


def moments(scope: Scope, times: Sequence[datetime]) -> list[Moment] | Reason:
    """Equity and flows of all books at each time (ascending). Walks every book's whole
    history: the reason why not for books of different currencies, or with too many
    facts."""
    if scope.mixed:
        return Reason.MIXED_CURRENCIES
    if not may_be_walked(scope.ids):
        return Reason.TOO_MANY_FACTS
    walks = []
    for book in scope.books:
        past = history(book, scope.known_book(book.pk))
        walks.append(walk(past.entries, times, past.start()))
    return [
        Moment(
            at=at,
            equity=sum((cuts[number].equity for cuts in walks), ZERO),
            flow=sum(
                (cuts[number].inflow - cuts[number].outflow for cuts in walks), ZERO
            ),
        )
        for number, at in enumerate(times)
    ]


def last_hours(
    scope: Scope, selection: Selection, now: datetime, hours: int
) -> list[Day] | Reason:
    """The last hours as one bin, for their total return; not known of a slice. Or the
    reason of `moments`."""
    if selection.sliced:
        return []
    ends = moments(scope, [now - timedelta(hours=hours), now])
    if isinstance(ends, Reason):
        return ends
    start, end = ends
    inflow, outflow = max(end.flow, ZERO), max(-end.flow, ZERO)
    base = start.equity + inflow
    if not base and not end.equity:
        return []
    return [
        Day(
            day=selection.period.last,
            equity=end.equity,
            inflow=inflow,
            outflow=outflow,
            base=base,
            pnl=end.equity + outflow - base,
        )
    ]


def grid(period: Period, interval: str, zone: str, now: datetime) -> list[datetime]:
    """The times of a curve finer than a day: its range, at most 2,000 points."""
    step = timedelta(minutes=INTERVALS[interval])
    if period.name == CUSTOM:
        now = min(now, day_end(period.last, zone))
    earliest = now - step * MOST_POINTS
    if period.hours is not None:
        start = now - timedelta(hours=period.hours)
    elif period.first is not None:
        start = day_end(period.first - timedelta(days=1), zone)
    else:
        start = earliest
    start = max(start, earliest)
    times = []
    while start < now:
        times.append(start)
        start += step
    return [*times, now]
