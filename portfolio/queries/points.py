"""A book's days, walked from its history."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from kernel.numbers import ZERO, rounded, text
from portfolio.domain.equity import Cut, Walk, walked
from portfolio.domain.returns import day_end, day_of, days_between
from portfolio.domain.walk_state import state_of
from portfolio.models import EquityPoint, EquityState
from portfolio.queries.day_facts import DayFacts
from portfolio.queries.history import History


@dataclass(kw_only=True)
class WalkedDays:
    """A book's days, not stored; `funded` is the implied funding that stands at their
    end, and `states` the walk's at the end of the days that were to be kept."""

    points: list[EquityPoint] = field(default_factory=list)
    states: list[EquityState] = field(default_factory=list)
    funded: Decimal = ZERO


def walked_days(
    past: History, now: datetime, keep: Collection[date] = ()
) -> WalkedDays:
    """The days of a history through that of `now`."""
    first, zone = past.first_day, past.book.zone
    result = WalkedDays()
    if first is None:
        return result
    days = days_between(first, day_of(now, zone))
    walk = past.start()
    before = rounded(walk.equity)
    cuts = walked(past.entries, [day_end(day, zone) for day in days], walk)
    for day, cut in zip(days, cuts, strict=True):
        point = _point(cut, before, past.facts.get(day) or DayFacts())
        point.book_id, point.day = past.book.pk, day
        result.points.append(point)
        before = point.equity
        if day in keep and not walk.waits:
            result.states.append(_state(past, day, walk))
    result.funded = walk.funding.implied
    return result


def _state(past: History, day: date, walk: Walk) -> EquityState:
    return EquityState(
        book=past.book,
        day=day,
        walk=state_of(walk),
        symbols=sorted(past.symbols),
    )


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
        gross=rounded(cut.gross),
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
