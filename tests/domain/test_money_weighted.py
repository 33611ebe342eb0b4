"""The money-weighted return of an account's days."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import strategies as st

from portfolio.domain import money_weighted
from portfolio.domain import statistics as stats
from portfolio.domain.metrics import measure
from portfolio.domain.returns import Day, index
from portfolio.domain.statistics import Undefined
from tests.reach import holds_for

D = Decimal
NOTHING = D(0)
BEGIN = date(2008, 1, 1)


def account(moves: list[tuple[D, D, D]], start: D = NOTHING) -> list[Day]:
    """Days of (inflow, P&L, outflow) from an equity of `start`."""
    days, equity = [], start
    for n, (inflow, pnl, outflow) in enumerate(moves):
        base = equity + inflow
        equity = base + pnl - outflow
        days.append(
            Day(
                day=BEGIN + timedelta(days=n),
                equity=equity,
                inflow=inflow,
                outflow=outflow,
                base=base,
                pnl=pnl,
            )
        )
    return days


def quiet(count: int) -> list[tuple[D, D, D]]:
    return [(D(0), D(0), D(0))] * count


def test_the_example_of_a_spreadsheet():
    """Microsoft's documentation of XIRR: 10,000 paid on 1 Jan 2008, taken 2,750 on
    1 Mar and 4,250 on 30 Oct 2008, 3,250 on 15 Feb and 2,750 on 1 Apr 2009: 37.34 %.
    An outflow is at the end of its day, the start of the next."""
    taken = {
        date(2008, 2, 29): 2750,
        date(2008, 10, 29): 4250,
        date(2009, 2, 14): 3250,
    }
    last = date(2009, 3, 31)
    moves = [
        (
            D(10000) if at == BEGIN else D(0),
            D(3000) if at == BEGIN else D(0),
            D(taken.get(at, 0)),
        )
        for n in range((last - BEGIN).days + 1)
        for at in [BEGIN + timedelta(days=n)]
    ]
    days = account(moves)
    assert days[-1].equity == 2750
    assert money_weighted.rate(days) == pytest.approx(0.373362535, abs=1e-8)


def test_without_flows_it_is_the_annual_growth():
    days = account([(D(0), D(n % 7 - 2), D(0)) for n in range(400)], D(1000))
    growth = stats.cagr(float(index(days)[-1]), len(days))
    assert money_weighted.rate(days) == pytest.approx(growth, rel=1e-9)


def test_money_that_came_late_counts_from_when_it_came():
    """A gain of 100 on 1,000 for half the time is more than on 1,000 for all of it."""
    whole = account([(D(1000), D(0), D(0)), *quiet(363), (D(0), D(100), D(0))])
    late = account(
        [
            (D(10), D(0), D(0)),
            *quiet(181),
            (D(990), D(0), D(0)),
            *quiet(181),
            (D(0), D(100), D(0)),
        ]
    )
    assert money_weighted.rate(late) > 1.9 * money_weighted.rate(whole)


moves = st.lists(
    st.tuples(
        st.integers(0, 500), st.integers(-20, 25), st.sampled_from([0, 0, 0, 40])
    ),
    min_size=30,
    max_size=120,
)


def test_at_that_rate_what_was_paid_in_is_worth_what_was_taken_out():
    def check(drawn):
        days = account([(D(a), D(b), D(c)) for a, b, c in drawn], D(5000))
        try:
            rate = money_weighted.rate(days)
        except Undefined:
            return False
        worth = -float(days[0].base)
        for n, day in enumerate(days):
            if n:
                worth -= float(day.inflow) * (1 + rate) ** (-n / 365)
            worth += float(day.outflow) * (1 + rate) ** (-(n + 1) / 365)
        worth += float(days[-1].equity) * (1 + rate) ** (-len(days) / 365)
        assert worth == pytest.approx(0, abs=1e-4)
        return True

    holds_for(moves, check, examples=60)


@pytest.mark.parametrize(
    ("days", "whole", "reason"),
    [
        pytest.param(account(quiet(40)), True, "no_solution", id="no money"),
        pytest.param(
            account([*quiet(39), (D(0), D(-1000), D(0))], D(1000)),
            True,
            "no_solution",
            id="all lost",
        ),
        pytest.param(account(quiet(29), D(9)), True, "insufficient_data", id="short"),
        pytest.param(account(quiet(40), D(9)), False, "per_book", id="a part"),
    ],
)
def test_where_there_is_none_it_says_why(days, whole, reason):
    metric = measure(days, [], 365, whole=whole).metrics["money_weighted"]
    assert (metric.value, metric.reason) == (None, reason)
