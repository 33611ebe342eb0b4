"""Bins of returns and statistics of windows."""

from __future__ import annotations

import empyrical
import numpy as np
import pytest
from hypothesis import strategies as st

from kernel.scales import Bin
from portfolio.domain import rolling
from portfolio.domain.distribution import MOST_BINS, bins
from tests.domain.test_statistics import MIXED
from tests.reach import holds_for

some_returns = st.lists(
    st.floats(-0.5, 0.5, allow_nan=False, allow_subnormal=False),
    min_size=1,
    max_size=300,
)


def test_every_return_is_in_one_bin_and_0_is_a_border():
    def check(returns):
        found = bins(returns)
        assert sum(each.count for each in found) == len(returns)
        borders = [each.low for each in found] + [found[-1].high]
        assert min(abs(border) for border in borders) < 1e-12
        for each in found:
            inside = [r for r in returns if each.low - 1e-9 <= r <= each.high + 1e-9]
            assert len(inside) >= each.count
        assert len(found) <= 2 * MOST_BINS + 3
        return len(set(returns)) > 1

    holds_for(some_returns, check, examples=80)


def test_a_return_on_a_border_belongs_to_the_bin_that_begins_there():
    found = bins([-0.012, 0.0, 0.01, 0.013])
    at_zero = [each for each in found if each.low == 0]
    assert at_zero == [Bin(0.0, 0.002, 1)]
    assert next(each for each in found if each.low == 0.01).count == 1
    assert found[0] == Bin(-0.012, -0.01, 1)


def test_without_returns_there_are_no_bins():
    assert bins([]) == []


def test_windows_agree_with_the_oracle():
    returns = MIXED * 12
    windows = [np.array(returns[n : n + 30]) for n in range(len(returns) - 29)]
    assert rolling.volatility(returns, 30, 365) == pytest.approx(
        [empyrical.annual_volatility(each, annualization=365) for each in windows]
    )
    assert rolling.sharpe(returns, 30, 365) == pytest.approx(
        [empyrical.sharpe_ratio(each, annualization=365) for each in windows]
    )


def test_a_window_without_a_ratio_is_told_apart_from_0():
    assert rolling.sharpe([0.0] * 30 + [0.01], 30, 365)[0] is None
    assert rolling.sharpe([0.01], 30, 365) == []
