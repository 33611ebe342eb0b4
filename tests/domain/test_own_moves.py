"""Several books as one: what moves between them, day by day."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from portfolio.domain import returns
from portfolio.domain.returns import Day

D = Decimal


def moving(day: int, equity: int, start: int, **flows: int) -> Day:
    """A day that won nothing but what the flows leave; `moved` names them 7."""
    moved = flows.get("moved", 0)
    inflow, outflow = D(max(moved, 0)), D(max(-moved, 0))
    return Day(
        day=date(2026, 3, day),
        equity=D(equity),
        inflow=inflow,
        outflow=outflow,
        base=D(start) + inflow,
        pnl=D(equity) + outflow - D(start) - inflow,
        between={7: D(moved)} if moved else {},
    )


def test_what_moves_between_two_books_of_an_answer_is_neither_flow_nor_gain():
    [whole] = returns.added(
        [[moving(2, 660, 1000, moved=-400)], [moving(2, 500, 100, moved=400)]]
    )
    assert (whole.inflow, whole.outflow, whole.base) == (D(0), D(0), D(1100))
    assert (whole.pnl, whole.equity, whole.r) == (D(60), D(1160), D(60) / D(1100))


def test_what_leaves_one_day_and_comes_the_next_is_owned_overnight():
    """Zones differ: nothing was paid in or taken out, and nothing is gone."""
    days = returns.added(
        [
            [moving(2, 600, 1000, moved=-400), moving(3, 660, 600)],
            [moving(2, 100, 100), moving(3, 500, 100, moved=400)],
        ]
    )
    assert [(day.inflow, day.outflow) for day in days] == [(D(0), D(0))] * 2
    assert [(day.base, day.pnl, day.equity) for day in days] == [
        (D(1100), D(0), D(1100)),
        (D(1100), D(60), D(1160)),
    ]


def test_what_comes_a_day_before_it_leaves_is_owned_once():
    """The receiver's day began earlier: 1,500 were never there."""
    days = returns.added(
        [
            [moving(2, 1000, 1000), moving(3, 660, 1000, moved=-400)],
            [moving(2, 500, 100, moved=400), moving(3, 500, 500)],
        ]
    )
    assert [(day.inflow, day.outflow) for day in days] == [(D(0), D(0))] * 2
    assert [(day.base, day.pnl, day.equity) for day in days] == [
        (D(1100), D(0), D(1100)),
        (D(1100), D(60), D(1160)),
    ]


def test_what_two_books_value_differently_on_its_way_is_no_gain_of_both():
    [whole] = returns.added(
        [[moving(2, 600, 1000, moved=-390)], [moving(2, 500, 100, moved=400)]]
    )
    assert (whole.base, whole.pnl) == (D(1100), D(0))


def test_what_came_out_of_nothing_is_no_flow_of_both():
    """The sender held none: what both together own more is found, not paid in."""
    [whole] = returns.added(
        [
            [replace(moving(2, 1000, 1000), between={7: D(0)})],
            [moving(2, 500, 100, moved=400)],
        ]
    )
    assert (whole.inflow, whole.base, whole.pnl) == (D(0), D(1100), D(400))


def test_what_one_of_them_could_price_in_two_parts_is_owned_until_all_is_there():
    days = returns.added(
        [
            [moving(2, 900, 1000, moved=-100), moving(4, 600, 900, moved=-300)],
            [moving(2, 100, 100), moving(3, 500, 100, moved=400), moving(4, 500, 500)],
        ]
    )
    assert [(day.inflow, day.outflow, day.pnl) for day in days] == [(D(0),) * 3] * 3


def test_one_of_two_books_alone_counts_it_as_a_flow():
    days = returns.added([[moving(2, 900, 1000, moved=-100), moving(3, 900, 900)]])
    assert [(day.inflow, day.outflow) for day in days] == [(D(0), D(100)), (D(0), D(0))]
