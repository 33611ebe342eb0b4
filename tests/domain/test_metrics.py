"""Named metrics: a value or a reason, never both, and how much data each needs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from portfolio.domain.formulas import FORMULAS
from portfolio.domain.metrics import LEAST_DAYS, measure, unavailable
from portfolio.domain.reasons import Reason
from portfolio.domain.returns import Day
from portfolio.domain.trips import Trip

D = Decimal
START = date(2026, 1, 1)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def days_of(*pnls: str, capital: str = "1000") -> list[Day]:
    """One day for each P&L, of a book that began with `capital`."""
    equity, days = D(capital), []
    for number, pnl in enumerate(pnls):
        base = equity
        equity += D(pnl)
        days.append(
            Day(
                day=START + timedelta(days=number),
                equity=equity,
                inflow=base if not number else D(0),
                outflow=D(0),
                base=base,
                pnl=D(pnl),
            )
        )
    return days


def trip(net: str, fees: str = "0") -> Trip:
    return Trip(
        symbol="BTC-USD",
        strategy="trend",
        side="long",
        opened_at=NOON,
        closed_at=NOON,
        quantity=D(1),
        entry_cost=D(100),
        net=D(net),
        fees=D(fees),
        fills=2,
    )


RISING = ["1"] * 40
MIXED = ["10", "-5", "3", "-8", "12"] * 8


@pytest.mark.parametrize(
    ("pnls", "name", "reason"),
    [
        pytest.param([], "total_return", "insufficient_data", id="no day, total"),
        pytest.param([], "simple_return", "insufficient_data", id="no day, simple"),
        pytest.param([], "cagr", "insufficient_data", id="no day, growth"),
        pytest.param([], "max_drawdown", "insufficient_data", id="no day, drawdown"),
        pytest.param([], "sharpe", "insufficient_data", id="no day, Sharpe"),
        pytest.param([], "sortino", "insufficient_data", id="no day, Sortino"),
        pytest.param(["1"], "sharpe", "insufficient_data", id="one day, Sharpe"),
        pytest.param(["1"], "volatility", "insufficient_data", id="one day, spread"),
        pytest.param(["1"], "sortino", "insufficient_data", id="one day, Sortino"),
        pytest.param(["1"] * 29, "cagr", "insufficient_data", id="29 days, growth"),
        pytest.param(["1"] * 29, "calmar", "insufficient_data", id="29 days, Calmar"),
        pytest.param(["0"] * 40, "sharpe", "zero_variance", id="nothing moves"),
        pytest.param(RISING, "sortino", "no_losses", id="never a loss"),
        pytest.param(RISING, "calmar", "no_drawdown", id="never below a peak"),
        pytest.param(
            ["-1000", *["0"] * 40], "cagr", "insufficient_data", id="lost in one day"
        ),
        pytest.param(
            [*["0"] * 40, "-1000"], "cagr", "equity_non_positive", id="lost at last"
        ),
        pytest.param(
            ["-1500", *["0"] * 40], "calmar", "equity_non_positive", id="below zero"
        ),
    ],
)
def test_a_metric_that_does_not_exist_says_why(pnls, name, reason):
    metric = measure(days_of(*pnls), [], 365).metrics[name]
    assert (metric.value, metric.reason) == (None, reason)


@pytest.mark.parametrize("name", FORMULAS)
@pytest.mark.parametrize(
    ("pnls", "nets"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param(["1"], ["1"], id="one"),
        pytest.param(RISING, ["1", "2"], id="only wins"),
        pytest.param(MIXED, ["5", "-3", "0"], id="mixed"),
        pytest.param(["-1000", "0"], ["-10"], id="all lost"),
    ],
)
def test_a_metric_has_a_value_or_a_reason(name, pnls, nets):
    metric = measure(days_of(*pnls), [trip(net) for net in nets], 365).metrics[name]
    assert (metric.value is None) == isinstance(metric.reason, Reason)
    assert metric.title
    assert metric.formula.endswith("/1")
    assert metric.unit in {"fraction", "ratio", "money"}


def test_growth_needs_thirty_calendar_days_and_no_more():
    metric = measure(days_of(*["1"] * LEAST_DAYS), [], 365).metrics["cagr"]
    assert metric.value is not None
    assert metric.n == LEAST_DAYS


@pytest.mark.parametrize(
    ("nets", "name", "value"),
    [
        pytest.param(["5", "-2", "0"], "win_rate", 1 / 3, id="even ones are closed"),
        pytest.param(["6", "-2", "-1"], "profit_factor", 2.0, id="won over lost"),
        pytest.param(["6", "4", "-2"], "payoff", 2.5, id="average over average"),
        pytest.param(["6", "-3"], "expectancy", 1.5, id="mean of all"),
        pytest.param(["-1", "-3"], "win_rate", 0.0, id="none won"),
    ],
)
def test_round_trips_by_hand(nets, name, value):
    metric = measure([], [trip(net) for net in nets], 365).metrics[name]
    assert float(metric.value or 0) == pytest.approx(value)
    assert metric.n == len(nets)


@pytest.mark.parametrize(
    ("nets", "name", "reason"),
    [
        ([], "win_rate", "no_trades"),
        ([], "profit_factor", "no_trades"),
        ([], "payoff", "no_trades"),
        ([], "expectancy", "no_trades"),
        (["1"], "profit_factor", "no_losses"),
        (["1"], "payoff", "no_losses"),
        (["-1"], "payoff", "no_wins"),
    ],
)
def test_round_trips_that_say_nothing(nets, name, reason):
    metric = measure([], [trip(net) for net in nets], 365).metrics[name]
    assert (metric.value, metric.reason) == (None, reason)


@pytest.mark.parametrize(
    ("net", "result"),
    [
        ("1", 1),
        ("-1", -1),
        ("0", 0),
        ("0.0000000001", 0),
        ("-0.0000000001", 0),
        ("0.00000000011", 1),
    ],
)
def test_a_trip_is_even_within_a_trillionth_of_its_cost(net, result):
    assert trip(net).result == result


def test_a_trip_without_cost_has_no_percentage():
    assert trip("5").percent == 5
    gift = Trip(
        symbol="A",
        strategy="",
        side="long",
        opened_at=NOON,
        closed_at=NOON,
        quantity=D(1),
        entry_cost=D(0),
        net=D(5),
        fees=D(0),
        fills=2,
    )
    assert gift.percent is None


def test_the_sum_of_days_and_trips_is_exact():
    result = measure(days_of("0.1", "0.2"), [trip("1", "0.3"), trip("-1", "0.4")], 365)
    assert (result.pnl, result.fees) == (D("0.3"), D("0.7"))
    assert (result.wins, result.losses) == (1, 1)


def test_the_sharpe_ratio_alone_has_an_interval():
    metrics = measure(days_of(*MIXED), [], 365).metrics
    between, value = metrics["sharpe"].between, metrics["sharpe"].value
    assert between is not None
    assert value is not None
    assert between[0] < value < between[1]
    assert [name for name, metric in metrics.items() if metric.between] == ["sharpe"]


def test_weekdays_only_folds_the_weekend():
    week = days_of(*["1"] * 8)  # Thursday to Thursday
    assert len(measure(week, [], 252).days) == 6
    assert len(measure(week, [], 365).days) == 8


def test_the_worst_drawdown_is_the_deepest_and_not_the_dearest():
    # −20 % of 1,000 costs 200; later −10 % of 8,000 costs 800.
    days = days_of("-200", "7200", "-800")
    worst = measure(days, [], 365).worst
    assert worst is not None
    assert (worst.depth, worst.money) == (D("-0.2"), D(-200))


def test_without_a_rate_no_metric_has_a_value():
    result = unavailable(365, Reason.NO_FX)
    assert set(result.metrics) == set(FORMULAS)
    assert {metric.reason for metric in result.metrics.values()} == {Reason.NO_FX}
    assert result.pnl == 0
    assert not result.days
