"""Days without capital: none is an observation, negative capital is one.

Worked by hand. A return exists where capital worked (V_start + in > 0), and periods
are linked geometrically: Bacon, Practical Portfolio Performance Measurement and
Attribution, "time-weighted returns". What is left is checked with empyrical.
"""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import empyrical
import numpy as np
import pytest

from portfolio.domain import returns
from portfolio.domain.metrics import measure
from portfolio.domain.returns import Day

D = Decimal
START = date(2026, 3, 2)  # a Monday


def account(*events: tuple[str, str, str], start: date = START) -> list[Day]:
    """One day for each (inflow, P&L, outflow)."""
    equity, days = D(0), []
    for number, (inflow, pnl, outflow) in enumerate(events):
        base = equity + D(inflow)
        equity = base + D(pnl) - D(outflow)
        days.append(
            Day(
                day=start + timedelta(days=number),
                equity=equity,
                inflow=D(inflow),
                outflow=D(outflow),
                base=base,
                pnl=D(pnl),
            )
        )
    return days


EMPTY = ("0", "0", "0")
REFILLED = account(
    ("1000", "100", "1100"),  # +10 %, then everything is taken out
    EMPTY,
    EMPTY,
    ("500", "50", "0"),  # +10 % of what came back
)


def test_an_account_that_was_emptied_and_refilled_links_both_lives():
    metrics = measure(REFILLED, [], 365).metrics
    assert (metrics["total_return"].value, metrics["total_return"].n) == (D("0.21"), 2)
    assert measure(REFILLED, [], 365).without_capital == 0


def test_empty_days_are_in_no_statistic():
    days = account(("1000", "100", "1100"), EMPTY, EMPTY, ("500", "-25", "0"))
    found = measure(days, [], 365)
    oracle = empyrical.annual_volatility(np.array([0.1, -0.05]), annualization=365)
    volatility = found.metrics["volatility"]
    assert float(volatility.value or 0) == pytest.approx(float(oracle), rel=1e-9)
    assert volatility.n == 2
    assert len(found.days) == 4, "the series that is drawn keeps them"


def test_the_simple_return_takes_both_payments_in():
    assert measure(REFILLED, [], 365).metrics["simple_return"].value == D("0.1")


def test_growth_runs_over_the_empty_days_between():
    days = account(("1000", "100", "1100"), *[EMPTY] * 363, ("500", "50", "0"))
    growth = measure(days, [], 365).metrics["cagr"]
    assert float(growth.value or 0) == pytest.approx(0.21)
    assert growth.n == 2


def test_empty_days_at_the_end_are_not_waited_for():
    days = account(("1000", "100", "0"), *[("0", "0", "0")] * 28, ("0", "0", "1100"))
    alone = measure(days, [], 365).metrics["cagr"].value
    assert alone is not None
    later = account(
        ("1000", "100", "0"), *[EMPTY] * 28, ("0", "0", "1100"), *[EMPTY] * 300
    )
    assert measure(later, [], 365).metrics["cagr"].value == alone


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(("0", "5", "0"), id="won without capital"),
        pytest.param(("0", "-5", "0"), id="lost without capital"),
    ],
)
def test_a_result_without_capital_is_counted_and_ends_the_statistics(event):
    days = account(("1000", "100", "1100"), EMPTY, event, ("500", "50", "0"))
    found = measure(days, [], 365)
    assert found.without_capital == 1
    assert returns.returns(found.days) == [D("0.1")]
    # index 1.1; from then on P&L x index / base of the last day with capital, 1000
    pnl = D(event[1]) + 50
    total = found.metrics["total_return"].value
    assert total == D("0.1") + pnl * D(1) / 1000


def test_negative_capital_is_an_observation_without_a_return():
    days = account(("100", "-150", "0"), ("0", "0", "0"), ("200", "15", "0"))
    found = measure(days, [], 365)
    assert [day.observed for day in days] == [True, True, True]
    assert (days[1].r, found.without_capital) == (None, 1)
    assert found.metrics["total_return"].n == 3


def test_nothing_at_all_is_insufficient_data():
    metrics = measure(account(EMPTY, EMPTY), [], 365).metrics
    for name in ("total_return", "simple_return", "volatility", "max_drawdown"):
        assert (metrics[name].value, metrics[name].reason) == (
            None,
            "insufficient_data",
        )


def test_a_history_of_one_day_has_a_return_and_no_spread():
    metrics = measure(account(("1000", "25", "0")), [], 365).metrics
    assert (metrics["total_return"].value, metrics["total_return"].n) == (D("0.025"), 1)
    assert metrics["simple_return"].value == D("0.025")
    assert metrics["max_drawdown"].value == 0
    for name in ("volatility", "sharpe", "sortino", "cagr", "calmar"):
        assert metrics[name].reason == "insufficient_data"


def test_an_account_that_never_moves_has_no_volatility_and_no_ratio_of_it():
    metrics = measure(account(("1000", "0", "0"), *[EMPTY] * 9), [], 365).metrics
    assert metrics["volatility"].value == 0
    assert metrics["sharpe"].reason == "zero_variance"


def test_an_empty_weekend_joins_a_monday_that_is_empty_too():
    days = account(
        ("1000", "0", "0"),
        ("0", "10", "0"),
        ("0", "0", "0"),
        ("0", "0", "0"),
        ("0", "0", "1010"),  # Friday: taken out
        EMPTY,
        EMPTY,
        EMPTY,  # Monday
        ("300", "30", "0"),
    )
    found = measure(days, [], 252)
    assert found.metrics["total_return"].n == 6
    assert found.metrics["total_return"].value == D("1.01") * D("1.1") - 1
