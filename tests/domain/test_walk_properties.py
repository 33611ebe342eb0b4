"""Cash + positions = net external flows + P&L, whatever is bought or sold."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st

from portfolio.domain.equity import Entry, Walk, walk
from tests.domain.marked import marks_of
from tests.reach import holds_for

D = Decimal
moves = st.lists(
    st.tuples(
        st.integers(0, 1),
        st.decimals("-5", "5", places=3).filter(bool),
        st.decimals("0", "3", places=2),
    ),
    min_size=1,
    max_size=15,
)


def test_equity_is_flows_plus_what_the_slices_earned():
    start = datetime(2026, 3, 2, tzinfo=UTC)
    times = [start + timedelta(days=n) for n in range(15)]

    def check(case):
        trades, prices = case
        marks = marks_of({"A-USD": list(zip(times, prices, strict=True))}, {})
        entries = [Entry(at=start, currency="USD", cash=D(5000), external=D(5000))]
        for n, (which, quantity, fee) in enumerate(trades):
            cost = quantity * prices[n] + fee
            entries.append(
                Entry(
                    at=times[n],
                    symbol="A-USD",
                    strategy=f"s{which}",
                    currency="USD",
                    quantity=quantity,
                    cost=cost,
                    cash=-cost,
                )
            )
        cuts = [time + timedelta(hours=1) for time in times]
        state = Walk(base="USD", quotes={"A-USD": "USD"}, marks=marks)
        seen = walk(entries, cuts, state)
        for cut in seen:
            assert cut.pnl == sum(cut.slices.values(), D(0))
        assert seen[-1].equity == D(5000) + sum((cut.pnl for cut in seen), D(0))
        return any(len(cut.slices) > 1 for cut in seen)

    prices = st.lists(st.decimals("1", "200", places=2), min_size=15, max_size=15)
    holds_for(st.tuples(moves, prices), check, examples=40)
