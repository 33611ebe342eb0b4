"""The shape of returns agrees with an independent library."""

from __future__ import annotations

import empyrical
import numpy as np
import pytest
from hypothesis import strategies as st

from portfolio.domain import statistics as stats
from portfolio.domain import tails
from portfolio.domain.statistics import Undefined
from tests.domain.test_statistics import MIXED, close
from tests.reach import holds_for

# No two alike: of equal returns at the border the library takes some, we all.
different = st.lists(
    st.floats(-0.2, 0.2, allow_nan=False, allow_subnormal=False),
    min_size=2,
    max_size=400,
    unique=True,
)


def test_percentiles_and_what_is_read_from_them_agree_with_the_oracle():
    def check(returns):
        series = np.array(returns)
        assert close(tails.value_at_risk(returns), empyrical.value_at_risk(series))
        assert close(
            tails.expected_shortfall(returns),
            empyrical.conditional_value_at_risk(series),
        )
        low = abs(np.percentile(series, 5))
        if low > 1e-9:
            assert close(tails.tail_ratio(returns), empyrical.tail_ratio(series))
        return low > 1e-9

    holds_for(different, check, examples=60)


@pytest.mark.parametrize("ppy", [252, 365])
def test_omega_agrees_with_the_oracle(ppy):
    def check(returns):
        series = np.array(returns)
        if min(returns) > -1e-6:
            return False
        assert close(tails.omega(returns, ppy), empyrical.omega_ratio(series))
        threshold = empyrical.omega_ratio(
            series,
            risk_free=stats.per_period(0.03, ppy),
            required_return=0.05,
            annualization=ppy,
        )
        assert close(tails.omega(returns, ppy, 0.03, 0.05), threshold)
        return True

    holds_for(different, check, examples=60)


def test_stability_agrees_with_the_oracle():
    def check(returns):
        if np.ptp(np.cumsum(np.log1p(returns))) < 1e-6:
            return False
        mine = stats.stability(returns)
        oracle = empyrical.stability_of_timeseries(np.array(returns))
        assert mine == pytest.approx(oracle, rel=1e-6, abs=1e-9)
        return True

    holds_for(different, check, examples=60)


def test_equal_days_at_the_border_all_count_as_bad():
    returns = [-0.1] * 3 + [0.01] * 20
    assert tails.value_at_risk(returns) == -0.1
    assert tails.expected_shortfall(returns) == pytest.approx(-0.1)


@pytest.mark.parametrize(
    ("compute", "reason"),
    [
        (lambda: tails.value_at_risk([]), "insufficient_data"),
        (lambda: tails.tail_ratio([0.0] * 30), "no_losses"),
        (lambda: tails.omega([0.01, 0.02], 365), "no_losses"),
        (lambda: tails.omega([0.01], 365), "insufficient_data"),
        (lambda: stats.stability([0.01]), "insufficient_data"),
        (lambda: stats.stability([0.0, 0.0, 0.0]), "zero_variance"),
        (lambda: stats.stability([0.1, -1.0, 0.0]), "equity_non_positive"),
    ],
)
def test_what_does_not_exist_says_why(compute, reason):
    with pytest.raises(Undefined) as raised:
        compute()
    assert raised.value.reason == reason


def test_even_growth_is_a_straight_line():
    assert stats.stability([0.01] * 30) == pytest.approx(1.0)
    assert stats.stability(MIXED) < 1.0
