"""Days joined, added up and linked, each number of each by hand."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from portfolio.domain import returns
from portfolio.domain.returns import Day, Drawdown, Month

D = Decimal
MONDAY = date(2026, 3, 2)


def day(offset: int, base: str, pnl: str, inflow: str = "0", outflow: str = "0") -> Day:
    return Day(
        day=MONDAY + timedelta(days=offset),
        equity=D(base) + D(pnl) - D(outflow),
        inflow=D(inflow),
        outflow=D(outflow),
        base=D(base),
        pnl=D(pnl),
    )


def earning(*pnls: str, capital: str = "100") -> list[Day]:
    """Days of a book that keeps what it earns."""
    days, level = [], D(capital)
    for offset, pnl in enumerate(pnls):
        days.append(day(offset, str(level), pnl))
        level += D(pnl)
    return days


@pytest.mark.parametrize(
    ("base", "pnl", "observed", "r"),
    [
        ("100", "5", True, D("0.05")),
        ("0.5", "0", True, D(0)),
        ("0", "5", True, None),
        ("0", "0", False, None),
        ("-10", "0", True, None),
    ],
)
def test_a_day_says_something_where_there_was_money(base, pnl, observed, r):
    assert (day(0, base, pnl).observed, day(0, base, pnl).r) == (observed, r)


def test_a_weekend_keeps_all_flows_and_ends_as_its_last_day():
    weekend = [
        day(4, "1000", "10", inflow="1000", outflow="7"),
        day(5, "1013", "5", inflow="10", outflow="3"),
    ]
    assert returns.joined(weekend) == Day(
        day=MONDAY + timedelta(days=5),
        equity=D(1015),
        inflow=D(1010),
        outflow=D(10),
        base=D(1010),
        pnl=D(15),
    )


def test_of_two_books_every_number_of_a_day_is_added():
    left = day(0, "100", "10", inflow="40", outflow="20")
    right = day(0, "50", "-5", inflow="15", outflow="8")
    assert returns.added([[left], [right]]) == [
        Day(
            day=MONDAY,
            equity=D(127),
            inflow=D(55),
            outflow=D(28),
            base=D(150),
            pnl=D(5),
        )
    ]


def test_days_between_include_both_ends():
    assert returns.days_between(date(2026, 2, 27), date(2026, 3, 1)) == [
        date(2026, 2, 27),
        date(2026, 2, 28),
        date(2026, 3, 1),
    ]
    assert returns.days_between(MONDAY, MONDAY) == [MONDAY]


def test_without_capital_from_the_start_the_index_stands_still():
    assert returns.index([day(0, "-10", "-5"), day(1, "-15", "3")]) == [D(1), D(1)]


def dated(day_of: date, base: str, pnl: str) -> Day:
    return Day(
        day=day_of,
        equity=D(base) + D(pnl),
        inflow=D(0),
        outflow=D(0),
        base=D(base),
        pnl=D(pnl),
    )


TWO_YEARS = [
    dated(date(2025, 12, 30), "100", "10"),
    dated(date(2025, 12, 31), "110", "11"),
    dated(date(2026, 1, 1), "121", "-60.5"),
    dated(date(2026, 2, 1), "60.5", "60.5"),
]


def test_months_and_years_link_their_own_days():
    assert returns.monthly(TWO_YEARS) == [
        Month(year=2025, month=12, value=D("0.21"), pnl=D(21)),
        Month(year=2026, month=1, value=D("-0.5"), pnl=D("-60.5")),
        Month(year=2026, month=2, value=D(1), pnl=D("60.5")),
    ]
    assert returns.yearly(TWO_YEARS) == [
        Month(year=2025, month=0, value=D("0.21"), pnl=D(21)),
        Month(year=2026, month=0, value=D(0), pnl=D(0)),
    ]


def test_a_month_that_begins_with_nothing_has_no_return():
    """The index is at 0 after January: February is no percentage of it."""
    days = [
        dated(date(2026, 1, 31), "100", "-100"),
        dated(date(2026, 2, 1), "-1", "50"),
    ]
    january, february = returns.monthly(days)
    assert (january.value, february.value) == (D(-1), None)
    assert february.pnl == D(50)


def spell(*pnls: str) -> Drawdown:
    (drawdown,) = returns.drawdowns(earning(*pnls))
    return drawdown


def test_back_at_the_peak_is_recovered():
    assert spell("-10", "10").recovered == MONDAY + timedelta(days=1)


def test_of_two_equal_troughs_the_first_counts():
    assert spell("-10", "5", "-5").trough == MONDAY


def test_drawdowns_come_deepest_first():
    days = earning("-10", "20", "-55", "60", "-23")
    depths = [drawdown.depth for drawdown in returns.deepest_first(days)]
    assert depths == [D("-0.5"), D("-0.2"), D("-0.1")]
