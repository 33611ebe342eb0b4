"""What a holding is worth: long, short, without a price, without a cost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portfolio.domain.trips import Step, round_trips
from portfolio.domain.valuation import (
    Holding,
    Mark,
    Rates,
    exposure,
    percent_of,
    total,
    value,
)

D = Decimal
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def holding(quantity: str, amount: str, fee: str = "0", **more: bool) -> Holding:
    return Holding("BTC-USD", "USD", D(quantity), D(amount), D(fee), **more)


def mark(price: str, seconds: int = 0) -> Mark:
    return Mark(D(price), NOW - timedelta(seconds=seconds), "feed")


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


def test_a_mark_from_the_future_is_not_younger_than_now():
    assert value(holding("1", "1"), mark("1", -30), NOW).price_age == timedelta(0)


@given(st.decimals("-1e19", "1e19", places=18), st.decimals("0.01", "1e6", places=18))
def test_market_value_is_exact(quantity, price):
    found = value(holding(str(quantity), "0"), mark(str(price)), NOW)
    assert found.market_value == quantity * price


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
    assert Rates({"EUR-USD": D("1.25")}).rate(source, target) == rate


def test_exposure_adds_directions_and_finds_the_largest():
    found = exposure([("A", D(50)), ("B", D(-70)), ("C", D(10))])
    assert (found.long, found.short, found.gross, found.net) == (
        D(60),
        D(-70),
        D(130),
        D(-10),
    )
    assert (found.largest, found.largest_value) == ("B", D(-70))


def test_a_total_with_an_unknown_part_is_unknown():
    assert total([D(1), None]) is None
    assert total([D(1), D(2)]) == D(3)
    assert percent_of(D(1), D(0)) is None


def step(
    minute: int,
    quantity: str,
    fill: int,
    *,
    cost: str = "0",
    net: str = "0",
    strategy: str = "trend",
    known: bool = True,
) -> Step:
    at = NOW + timedelta(minutes=minute)
    return Step(
        at, "BTC-USD", strategy, fill, D(quantity), D(cost), D(net), known=known
    )


def test_a_round_trip_runs_from_flat_to_flat_and_belongs_to_its_first_strategy():
    (trip,) = round_trips(
        [
            step(0, "1", 1, cost="100"),
            step(1, "1", 2, cost="110", strategy="other"),
            step(2, "-1", 3, net="5"),
            step(3, "0", 0, net="-1"),
            step(4, "-1", 4, net="8"),
        ]
    )
    assert (trip.strategy, trip.net, trip.entry_cost, trip.fills) == (
        "trend",
        D(12),
        D(210),
        4,
    )
    assert trip.result == 1


def test_crossing_zero_ends_one_trip_and_begins_the_next():
    trips = round_trips(
        [
            step(0, "1", 1, cost="100"),
            step(1, "-1", 2, net="-9"),
            step(1, "-2", 2, cost="-180"),
            step(2, "2", 3, net="4"),
        ]
    )
    assert [(one.side, one.net, one.result) for one in trips] == [
        ("long", D(-9), -1),
        ("short", D(4), 1),
    ]
    assert trips[1].entry_cost == D(180)


def test_a_trip_that_came_out_even_is_neither_won_nor_lost():
    (trip,) = round_trips(
        [step(0, "1", 1, cost="100"), step(1, "-1", 2, net="0.0000000000001")]
    )
    assert trip.result == 0


def test_an_open_trip_and_one_of_unknown_cost_are_not_counted():
    assert round_trips([step(0, "1", 1, cost="100")]) == []
    assert round_trips([step(0, "1", 1, known=False), step(1, "-1", 2, net="0")]) == []
