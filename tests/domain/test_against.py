"""Figures against a benchmark agree with an independent library, and pair by days."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import empyrical
import numpy as np
import pytest
from hypothesis import strategies as st

from portfolio.domain import against
from portfolio.domain.benchmark import Benchmark, growth, paired, periods_per_year
from portfolio.domain.metrics import measure
from portfolio.domain.reasons import Reason
from portfolio.domain.returns import Day
from portfolio.domain.statistics import Undefined
from tests.domain.test_metrics import START, days_of
from tests.domain.test_statistics import close
from tests.reach import holds_for

D = Decimal
move = st.floats(-0.2, 0.2, allow_nan=False, allow_subnormal=False)
both = st.lists(st.tuples(move, move), min_size=20, max_size=300)


@pytest.mark.parametrize("ppy", [252, 365])
def test_every_figure_agrees_with_the_oracle(ppy):
    def check(pairs):
        own, other = (list(side) for side in zip(*pairs, strict=True))
        r, b = np.array(own), np.array(other)
        if np.std(b, ddof=1) < 1e-4 or np.std(r - b, ddof=1) < 1e-4:
            return False
        assert close(against.beta(own, other), empyrical.beta(r, b))
        assert close(
            against.alpha(own, other, ppy), empyrical.alpha(r, b, annualization=ppy)
        )
        assert close(
            against.information_ratio(own, other, ppy),
            empyrical.excess_sharpe(r, b) * np.sqrt(ppy),
        )
        if ppy == 252 and (b > 0).any() and (b < 0).any():
            assert close(
                against.capture(own, other, ppy, up=True), empyrical.up_capture(r, b)
            )
            assert close(
                against.capture(own, other, ppy, up=False),
                empyrical.down_capture(r, b),
            )
        return True

    holds_for(both, check, examples=60)


@pytest.mark.parametrize(
    ("own", "other", "reason"),
    [
        ([0.1] * 3, [0.2] * 3, Reason.ZERO_VARIANCE),
        ([0.1], [0.2], Reason.INSUFFICIENT_DATA),
    ],
)
def test_a_slope_needs_a_benchmark_that_moves(own, other, reason):
    with pytest.raises(Undefined) as undefined:
        against.beta(own, other)
    assert undefined.value.reason is reason


def test_no_fall_of_the_benchmark_is_no_capture():
    with pytest.raises(Undefined):
        against.capture([0.1], [0.1], 252, up=False)


def closes(*prices: str | None, before: str | None = None) -> Benchmark:
    """One price a day from START on, None for a day that has none."""
    first = [(START - timedelta(days=2), before)] if before else []
    dated = [*first, *((START + timedelta(days=n), p) for n, p in enumerate(prices))]
    known = [(day, D(price)) for day, price in dated if price]
    return Benchmark(
        symbol="X", days=[day for day, _ in known], prices=[price for _, price in known]
    )


def test_returns_are_compounded_over_days_that_the_benchmark_lacks():
    days = days_of("100", "110", "-121", "0")  # +10 %, +10 %, −10 %, 0
    pairs = paired(days, START, closes("101", None, "102.01", None, before="100"))
    assert [(pair.own, pair.other) for pair in pairs] == [
        (D("0.1"), D("0.01")),
        (D("1.1") * D("1.1") * D("0.9") / D("1.1") - 1, D("0.01")),
    ]


def test_without_an_earlier_close_the_first_pair_comes_with_the_second_close():
    pairs = paired(days_of("1", "1", "1"), START, closes("100", "101", "102"))
    assert [pair.day for pair in pairs] == [START + timedelta(days=n) for n in (1, 2)]


def test_an_empty_account_makes_no_pair_and_the_end_of_capital_ends_them():
    empty = Day(day=START, equity=D(0), inflow=D(0), outflow=D(0), base=D(0), pnl=D(0))
    lost = Day(day=START, equity=D(-1), inflow=D(0), outflow=D(0), base=D(0), pnl=D(-1))
    assert paired([empty], START, closes("101", before="100")) == []
    assert paired([lost], START, closes("101", before="100")) == []


def test_a_folded_weekend_begins_at_the_close_before_it():
    saturday = date(2026, 1, 3)
    benchmark = Benchmark(
        symbol="X",
        days=[saturday + timedelta(days=n) for n in (-1, 0, 1, 2)],
        prices=[D(100), D(105), D(107), D(110)],
    )
    [monday] = days_of("10")
    [pair] = paired(
        [
            Day(
                **{name: getattr(monday, name) for name in monday.__slots__}
                | {"day": date(2026, 1, 5)}
            )
        ],
        saturday,
        benchmark,
    )
    assert pair.other == D("0.1")


@pytest.mark.parametrize(("prices", "ppy"), [(["100"] * 12, 365), (["100", None], 252)])
def test_a_benchmark_without_weekends_has_252_periods_a_year(prices, ppy):
    pairs = paired(days_of(*["1"] * 12), START, closes(*prices, before="99"))
    assert periods_per_year(pairs, 365) == ppy


def test_its_line_begins_with_its_first_close():
    days = days_of("1", "1", "1")
    assert growth(days, START, closes(None, "100", "110")) == [None, 0, D("0.1")]
    assert growth(days, START, closes("110", before="100")) == [D("0.1")] * 3


def test_metrics_against_it_need_twenty_pairs_and_say_what_they_lack():
    rising = [str(100 + n) for n in range(40)]
    pnls = ["1", "-2"] * 20
    names = ("beta", "alpha", "information_ratio", "up_capture")
    known = measure(days_of(*pnls), [], 365, benchmark=closes(*rising, before="99"))
    assert all(known.metrics[name].value is not None for name in names)
    assert known.metrics["down_capture"].reason is Reason.INSUFFICIENT_DATA
    assert known.metrics["benchmark_return"].value == D("0.40404040404040403")
    few = measure(days_of(*pnls[:19]), [], 365, benchmark=closes(*rising, before="99"))
    assert all(few.metrics[name].reason is Reason.INSUFFICIENT_DATA for name in names)
    none = measure(days_of(*pnls), [], 365)
    assert all(none.metrics[name].reason is Reason.NO_BENCHMARK for name in names)


def test_beta_of_twice_the_benchmark_is_two():
    prices = [D(100)]
    for n in range(30):
        prices.append(prices[-1] * (D("1.01") if n % 3 else D("0.985")))
    returns = [after / before - 1 for before, after in pairwise(prices)]
    equity, pnls = D(1000), []
    for r in returns:
        pnls.append(str(equity * 2 * r))
        equity += equity * 2 * r
    shown = measure(
        days_of(*pnls), [], 365, benchmark=closes(*map(str, prices[1:]), before="100")
    )
    assert close(float(shown.metrics["beta"].value or 0), 2.0)
