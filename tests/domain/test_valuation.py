"""What a holding is worth: long, short, without a price, without a cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import strategies as st

from portfolio.domain.reasons import Reason
from portfolio.domain.trips import Trip
from portfolio.domain.valuation import (
    Holding,
    HoldingValue,
    exposure,
    minus,
    percent_of,
    total,
    value,
)
from tests.domain.marked import marks_of
from tests.reach import holds_for
from trades.domain.rates import Mark

D = Decimal
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def holding(quantity: str, amount: str, fee: str = "0", **more: bool) -> Holding:
    return Holding(
        symbol="BTC-USD",
        quote="USD",
        quantity=D(quantity),
        amount=D(amount),
        fee=D(fee),
        **more,
    )


def mark(price: str, seconds: int = 0) -> Mark:
    return Mark(price=D(price), at=NOW - timedelta(seconds=seconds), source="feed")


def test_a_long_is_worth_its_mark_and_earns_net_of_entry_fees():
    found = value(holding("2", "200", "4"), mark("110", 7), NOW)
    assert found.market_value == D(220)
    assert found.unrealised == D(16)
    assert found.unrealised_percent == D(16) / D(204) * 100
    assert found.holding.entry_price == D(100)
    assert found.price_age == timedelta(seconds=7)


def test_a_short_earns_when_the_mark_falls():
    found = value(holding("-2", "-200", "4"), mark("90"), NOW)
    assert found.holding.side == "short"
    assert found.market_value == D(-180)
    assert found.unrealised == D(16)
    assert found.holding.entry_price == D(100)


def test_without_a_price_nothing_is_invented():
    found = value(holding("2", "200"), None, NOW)
    assert (found.market_value, found.unrealised, found.reason) == (
        None,
        None,
        "no_price",
    )


def test_without_a_cost_the_value_is_known_and_the_gain_is_not():
    found = value(holding("2", "0", unknown_cost=True), mark("110"), NOW)
    assert (found.market_value, found.unrealised, found.reason) == (
        D(220),
        None,
        "missing_cost",
    )
    assert found.holding.entry_price is None


def test_a_value_names_its_holding_mark_and_age():
    held, quoted = holding("2", "200", "4"), mark("110", 7)
    age = timedelta(seconds=7)
    assert value(held, None, NOW) == HoldingValue(holding=held, reason=Reason.NO_PRICE)
    assert value(held, quoted, NOW) == HoldingValue(
        holding=held,
        mark=quoted,
        market_value=D(220),
        unrealised=D(16),
        unrealised_percent=D(16) / D(204) * 100,
        price_age=age,
    )
    costless = holding("2", "0", unknown_cost=True)
    assert value(costless, quoted, NOW) == HoldingValue(
        holding=costless,
        mark=quoted,
        market_value=D(220),
        price_age=age,
        reason=Reason.MISSING_COST,
    )


def test_nothing_held_has_no_side_and_no_entry_price():
    empty = holding("0", "0")
    assert (empty.side, empty.entry_price, empty.cost) == ("flat", None, D(0))
    assert holding("2", "0", unknown_cost=True).cost is None


def test_a_mark_from_the_future_is_not_younger_than_now():
    assert value(holding("1", "1"), mark("1", -30), NOW).price_age == timedelta(0)


def test_market_value_is_exact():
    def check(case):
        quantity, price = case
        worth = value(holding(str(quantity), "0"), mark(str(price)), NOW).market_value
        assert worth is not None
        assert Fraction(worth) == Fraction(quantity) * Fraction(price)
        return len(worth.as_tuple().digits) > 28  # more than Python keeps by itself

    quantities = st.decimals("-1e19", "1e19", places=18)
    holds_for(st.tuples(quantities, st.decimals("0.01", "1e6", places=18)), check)


@pytest.mark.parametrize(
    ("source", "target", "rate"),
    [
        ("USD", "USD", D(1)),
        ("EUR", "USD", D("1.25")),
        ("USD", "EUR", D("0.8")),
        ("USD", "CHF", None),
    ],
)
def test_a_rate_is_direct_inverse_or_unknown(source, target, rate):
    marks = marks_of({"EUR-USD": [(NOW, D("1.25"))]}, {})
    assert marks.rate(source, target, NOW) == rate


def test_exposure_adds_directions_and_finds_the_largest():
    found = exposure([("A", D(50)), ("B", D(-70)), ("C", D(10))])
    assert (found.long, found.short, found.gross, found.net) == (
        D(60),
        D(-70),
        D(130),
        D(-10),
    )
    assert (found.largest, found.largest_value) == ("B", D(-70))


def test_exposure_to_nothing_and_to_two_of_one_size():
    empty = exposure([])
    assert (empty.largest, empty.largest_value, empty.gross) == ("", D(0), D(0))
    assert exposure([("A", D(5)), ("B", D(-5))]).largest == "A"


@pytest.mark.parametrize(
    ("part", "whole", "percent", "difference"),
    [
        (D(1), D("0.5"), D(200), D("0.5")),
        (D(-1), D(4), D(-25), D(-5)),
        (D(1), D(0), None, D(1)),
        (D(1), D(-1), None, D(2)),
        (None, D(1), None, None),
        (D(1), None, None, None),
        (None, None, None, None),
    ],
)
def test_percent_and_difference_exist_where_both_parts_do(
    part, whole, percent, difference
):
    assert percent_of(part, whole) == percent
    assert minus(part, whole) == difference


def test_a_total_with_an_unknown_part_is_unknown():
    assert total([D(1), None]) is None
    assert total([D(1), D(2)]) == D(3)
    assert percent_of(D(1), D(0)) is None


def trip(net: str, cost: str = "100") -> Trip:
    later = NOW + timedelta(hours=3)
    return Trip(
        symbol="BTC-USD",
        strategy="trend",
        side="long",
        opened_at=NOW,
        closed_at=later,
        quantity=D(1),
        entry_cost=D(cost),
        net=D(net),
        fees=D(1),
        fills=4,
    )


@pytest.mark.parametrize(
    ("net", "result"),
    [("5", 1), ("-5", -1), ("0", 0), ("0.0000000001", 0), ("0.00000001", 1)],
)
def test_a_trip_that_came_out_even_is_neither_won_nor_lost(net, result):
    assert trip(net).result == result


def test_the_return_of_a_trip_is_of_what_its_entries_cost():
    assert trip("5", "200").percent == D("2.5")
    assert trip("5", "0").percent is None
