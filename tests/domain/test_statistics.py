"""Statistics agree with an independent library and say why where they have none."""

from __future__ import annotations

import math
import sys

import empyrical
import numpy as np
import pytest
from hypothesis import strategies as st

from portfolio.domain import statistics as stats
from portfolio.domain.formulas import FORMULAS
from portfolio.domain.statistics import Undefined
from tests.reach import holds_for

daily_returns = st.lists(
    st.floats(-0.2, 0.2, allow_nan=False, allow_subnormal=False),
    min_size=2,
    max_size=400,
)
MIXED = [0.01, -0.02, 0.015, 0.003, -0.007, 0.0, 0.021, -0.011]


def levels_of(returns: list[float]) -> list[float]:
    level, result = 1.0, []
    for r in returns:
        level *= 1.0 + r
        result.append(level)
    return result


def close(mine: float, oracle: float, *, rel_tol: float = 1e-9) -> bool:
    return math.isclose(mine, float(oracle), rel_tol=rel_tol, abs_tol=1e-12)


def error_of_difference(size: float, difference: float, steps: int) -> float:
    """How well a small difference of numbers of this size is known, relatively: each
    step rounds by half an epsilon of the size. What is divided by a fall of 1e-9 has
    seven digits left, in either library."""
    return max(1e-9, 4 * steps * sys.float_info.epsilon * size / abs(difference))


@pytest.mark.parametrize("ppy", [252, 365])
def test_sharpe_sortino_volatility_and_drawdown_agree_with_the_oracle(ppy):
    def check(returns):
        series, levels = np.array(returns), levels_of(returns)
        assert close(stats.max_drawdown(levels), empyrical.max_drawdown(series))
        assert close(stats.total_return(levels), empyrical.cum_returns_final(series))
        spread = float(np.std(series, ddof=1))
        if spread > 1e-9:
            known = error_of_difference(max(map(abs, returns)), spread, len(returns))
            assert close(
                stats.sharpe(returns, ppy),
                empyrical.sharpe_ratio(series, annualization=ppy),
                rel_tol=known,
            )
            assert close(
                stats.volatility(returns, ppy),
                empyrical.annual_volatility(series, annualization=ppy),
                rel_tol=known,
            )
        if min(returns) < -1e-9:
            assert close(
                stats.sortino(returns, ppy),
                empyrical.sortino_ratio(series, annualization=ppy),
            )
        return spread > 1e-9 and min(returns) < -1e-9

    holds_for(daily_returns, check, examples=60)


def agrees_in_growth(returns: list[float]) -> bool:
    """CAGR, and Calmar where there was a fall: whether there was."""
    series = np.array(returns)
    levels = levels_of(returns)
    mine = stats.cagr(levels[-1], len(returns))
    assert close(mine, empyrical.annual_return(series, annualization=365))
    worst = stats.max_drawdown(levels)
    if worst >= -1e-9:
        return False
    assert close(
        stats.calmar(mine, worst),
        empyrical.calmar_ratio(series, annualization=365),
        rel_tol=error_of_difference(1.0, worst, len(returns)),
    )
    return True


def test_cagr_and_calmar_agree_where_the_definitions_are_the_same():
    holds_for(daily_returns, agrees_in_growth, examples=60)


@pytest.mark.parametrize(
    "returns",
    [
        [-7.391544078297146e-09, 1.617041687001117e-09, 0.2],
        [0.2, -7.362046737087409e-09],
    ],
)
def test_a_tiny_fall_agrees_as_far_as_it_is_known(returns):
    assert agrees_in_growth(returns)


def test_a_risk_free_rate_is_taken_off_each_day():
    rate = stats.per_period(0.05, 365)
    oracle = empyrical.sharpe_ratio(np.array(MIXED), risk_free=rate, annualization=365)
    assert close(stats.sharpe(MIXED, 365, 0.05), oracle)


def test_a_required_return_moves_sortino():
    oracle = empyrical.sortino_ratio(
        np.array(MIXED), required_return=0.001, annualization=252
    )
    assert close(stats.sortino(MIXED, 252, 0.001), oracle)


def test_the_interval_surrounds_the_ratio_and_shrinks_with_more_days():
    low, high = stats.sharpe_interval(MIXED, 365)
    longer_low, longer_high = stats.sharpe_interval(MIXED * 10, 365)
    assert low < stats.sharpe(MIXED, 365) < high
    assert longer_high - longer_low < high - low


def test_a_constant_gain_has_no_sharpe_instead_of_a_giant_one():
    with pytest.raises(Undefined, match="zero_variance"):
        stats.sharpe([0.001] * 250, 365)


@pytest.mark.parametrize("r", [0.0, 0.001, -0.02])
def test_a_constant_series_does_not_vary(r):
    assert stats.volatility([r] * 250, 365) == 0.0


@pytest.mark.parametrize(
    ("reason", "compute"),
    [
        ("insufficient_data", lambda: stats.sharpe([0.01], 365)),
        ("insufficient_data", lambda: stats.sortino([0.01], 365)),
        ("insufficient_data", lambda: stats.total_return([])),
        ("insufficient_data", lambda: stats.max_drawdown([])),
        ("no_losses", lambda: stats.sortino([0.01, 0.02], 365)),
        ("equity_non_positive", lambda: stats.cagr(-0.1, 100)),
        ("no_drawdown", lambda: stats.calmar(0.3, 0.0)),
        ("no_trades", lambda: stats.win_rate([])),
        ("no_trades", lambda: stats.profit_factor([], [])),
        ("no_losses", lambda: stats.profit_factor([5.0], [1])),
        ("no_wins", lambda: stats.payoff([-5.0], [-1])),
        ("no_trades", lambda: stats.expectancy([])),
    ],
)
def test_what_does_not_exist_says_why(reason, compute):
    with pytest.raises(Undefined) as caught:
        compute()
    assert caught.value.reason == reason


def test_trip_statistics_by_hand():
    nets, results = [10.0, -4.0, 0.0, 6.0, -1.0], [1, -1, 0, 1, -1]
    assert stats.win_rate(results) == pytest.approx(0.4)
    assert stats.profit_factor(nets, results) == pytest.approx(16 / 5)
    assert stats.payoff(nets, results) == pytest.approx(8 / 2.5)
    assert stats.expectancy(nets) == pytest.approx(11 / 5)


def test_two_years_of_calendar_days_grow_by_the_square_root_a_year():
    assert stats.cagr(1.44, 730) == pytest.approx(0.2)


def test_every_formula_has_its_own_id():
    ids = [one.id for one in FORMULAS.values()]
    assert len(ids) == len(set(ids))
