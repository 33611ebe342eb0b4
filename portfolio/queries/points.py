"""A book's days, walked from its history."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from kernel.numbers import ZERO, rounded, text
from portfolio.domain.equity import Cut, walk
from portfolio.domain.returns import day_end, day_of, days_between
from portfolio.models import EquityPoint
from portfolio.queries.day_facts import DayFacts
from portfolio.queries.history import History


def points_of(past: History, now: datetime) -> tuple[list[EquityPoint], Decimal]:
    """Its days through that of `now`, not stored, and the implied funding that stands."""
    first, zone = past.first_day, past.book.zone
    if first is None:
        return [], ZERO
    days = days_between(first, day_of(now, zone))
    state = past.start()
    cuts = walk(past.entries, [day_end(day, zone) for day in days], state)
    points: list[EquityPoint] = []
    before = ZERO
    for day, cut in zip(days, cuts, strict=True):
        point = _point(cut, before, past.facts.get(day) or DayFacts())
        point.book_id, point.day = past.book.pk, day
        points.append(point)
        before = point.equity
    return points, state.funding.implied


def _point(cut: Cut, before: Decimal, facts: DayFacts) -> EquityPoint:
    equity, inflow, outflow = (
        rounded(cut.equity),
        rounded(cut.inflow),
        rounded(cut.outflow),
    )
    slices = [
        [symbol, strategy, text(rounded(pnl))]
        for (symbol, strategy), pnl in sorted(cut.slices.items())
    ]
    return EquityPoint(
        equity=equity,
        cash=rounded(cut.cash),
        inflow=inflow,
        outflow=outflow,
        base=before + inflow,
        pnl=equity + outflow - before - inflow,
        slices=slices,
        between=[
            [transfer, text(rounded(worth))]
            for transfer, worth in sorted(cut.between.items())
        ],
        unvalued=cut.unvalued,
        fills=facts.fills,
        transfers=facts.transfers,
        prices=facts.prices,
        digest=facts.digest,
    )
