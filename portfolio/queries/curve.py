"""Equity over a range: at day ends as stored, or at finer times walked from the facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from portfolio.domain.reasons import Reason
from portfolio.domain.returns import day_end
from portfolio.queries.books import Scope
from portfolio.queries.curves import curves_of
from portfolio.queries.intraday import grid, moments
from portfolio.queries.performance import performance
from portfolio.queries.selection import Selection


@dataclass(frozen=True, kw_only=True)
class Point:
    at: datetime
    equity: Decimal


@dataclass(frozen=True, kw_only=True)
class Curve:
    """`initial` is the equity at the close before the range."""

    period: str
    interval: str
    points: list[Point]
    initial: Decimal | None
    reason: Reason | None
    as_of: datetime | None


def curve(scope: Scope, selection: Selection, interval: str, now: datetime) -> Curve:
    """Of all books together. Finer than a day: at most 2,000 points, only for books
    of one currency and not more facts than a request may walk."""
    if interval == "1d" and selection.period.hours is None:
        return _daily(scope, selection, now)
    walked = moments(scope, grid(selection.period, interval, scope.zone, now))
    lacking = walked if isinstance(walked, Reason) else None
    points = (
        [Point(at=moment.at, equity=moment.equity) for moment in walked]
        if scope.books and not isinstance(walked, Reason)
        else []
    )
    return Curve(
        period=selection.period.name,
        interval=interval,
        points=points,
        initial=points[0].equity if points else None,
        reason=lacking,
        as_of=now,
    )


def _daily(scope: Scope, selection: Selection, now: datetime) -> Curve:
    measured = performance(scope, selection, curves_of(scope, now), now)
    return Curve(
        period=selection.period.name,
        interval="1d",
        points=[
            Point(at=min(now, day_end(day.day, scope.zone)), equity=day.equity)
            for day in measured.days
        ],
        initial=measured.days[0].base if measured.days else None,
        reason=measured.reason,
        as_of=measured.as_of,
    )
