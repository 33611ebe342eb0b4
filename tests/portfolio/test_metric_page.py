"""How a metric was worked out, step by step."""

from __future__ import annotations

import pytest

from portfolio.domain.formulas import FORMULAS
from portfolio.pages import metric
from tests.portfolio.measured import (
    MIXED,
    performance,
)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize("pnls", [(), ("1",), MIXED], ids=["no day", "a day", "many"])
def test_every_metric_can_be_worked_out(name, pnls):
    shown = performance(*pnls, nets=("2", "-1") if pnls else ())
    page = metric.metric_page(shown, name, {"period": "all"})
    assert page["formula"].title
    assert page["reproduce"] == "/api/performance?period=all"
    assert (page["why"] == "") == (page["exact"] is not None)


@pytest.mark.parametrize(
    ("name", "step", "number"),
    [
        ("total_return", "days", "40"),
        ("total_return", "index at the end (from 1)", "1.09600000"),
        ("cagr", "calendar days", "40"),
        ("sharpe", "periods per year", "365"),
        ("max_drawdown", "peak", "30 Jan 2026"),
        ("calmar", "P&L from peak to trough", "−$10.00"),
        ("simple_return", "P&L", "$96.00"),
        ("simple_return", "equity at the start + inflows", "$1,000.00"),
        ("win_rate", "closed round trips", "3"),
        ("payoff", "won", "1, together $2.00"),
        ("expectancy", "lost", "1, together −$1.00"),
        ("profit_factor", "even", "1"),
    ],
)
def test_a_step_names_its_number(name, step, number):
    steps = dict(metric.worked(performance(*MIXED, nets=("2", "-1", "0")), name))
    assert steps[step] == number


def test_returns_that_never_vary_have_a_deviation_of_0_to_divide_by():
    steps = dict(metric.worked(performance("0", "0"), "sharpe"))
    assert steps["std(r), ddof = 1"] == "0.0000000000"
