"""No history of amounts that can be booked breaks a figure: each is a finite number, or
null with its reason."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import strategies as st

from portfolio.domain import against
from portfolio.domain.benchmark import Benchmark
from portfolio.domain.metrics import measure
from portfolio.domain.reasons import Reason
from portfolio.domain.returns import Day
from portfolio.domain.statistics import Undefined
from tests.reach import holds_for

START = date(2026, 1, 1)
# What the ledger takes: 18 decimals, 19 digits before them.
SIZES = ["1e-18", "3e-18", "1e-9", "1", "1.5", "100", "1e6", "1e15", "1e18"]
amounts = st.sampled_from(SIZES).map(Decimal)
moves = st.sampled_from(["0.01", "-0.01", "-1", "1e-17", "3"]).map(Decimal)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Day], Benchmark]:
    days, equity, close = [], draw(amounts), Decimal(10**8)
    closes = [close]
    for number in range(draw(st.integers(20, 40))):
        base = (
            draw(st.one_of(st.just(equity), amounts)) if equity > 0 else draw(amounts)
        )
        gain = draw(st.one_of(moves.map(lambda share: base * share), amounts))  # noqa: B023
        days.append(
            Day(
                day=START + timedelta(days=number),
                equity=base + gain,
                inflow=max(Decimal(0), base - equity),
                outflow=Decimal(0),
                base=base,
                pnl=gain,
            )
        )
        equity = base + gain
        moved = draw(st.sampled_from([-1, 0, 1]))
        close = draw(st.one_of(st.just(close + close.scaleb(-26) * moved), amounts))
        closes.append(close)
    dates = [START + timedelta(days=number - 1) for number in range(len(closes))]
    return days, Benchmark(symbol="X-USD", currency="USD", days=dates, prices=closes)


def test_every_figure_is_finite_or_says_why_there_is_none() -> None:
    def check(history: tuple[list[Day], Benchmark]) -> bool:
        days, benchmark = history
        metrics = measure(days, (), 365, benchmark=benchmark).metrics
        known = [metric for metric in metrics.values() if metric.value is not None]
        assert all(metric.value.is_finite() for metric in known if metric.value)
        assert all(
            bound.is_finite() for metric in known for bound in metric.between or ()
        )
        assert all(metric.reason for metric in metrics.values() if metric.value is None)
        return len(known) > 5

    holds_for(histories(), check, examples=300)


def test_a_year_that_grows_beyond_every_number_says_so() -> None:
    days = [
        Day(
            day=START + timedelta(days=number),
            equity=Decimal("1e18"),
            inflow=Decimal(0),
            outflow=Decimal(0),
            base=Decimal("1e-18"),
            pnl=Decimal("1e18"),
        )
        for number in range(31)
    ]
    cagr = measure(days, (), 365).metrics["cagr"]
    assert (cagr.value, cagr.reason) == (None, Reason.OUT_OF_RANGE)


def test_a_benchmark_that_moves_by_less_than_a_float_can_hold_is_no_capture() -> None:
    with pytest.raises(Undefined) as undefined:
        against.capture([0.1, 0.2], [1e-26, 1e-26], 252, up=True)
    assert undefined.value.reason is Reason.ZERO_VARIANCE
