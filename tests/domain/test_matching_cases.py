"""Worked cases of matching, computed by hand; sources where a rule has one."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from trades.domain.events import Funding, Movement, Trade, UnitSplit
from trades.domain.lots import LotReason
from trades.domain.matching import Pair
from trades.domain.units import number, share, units

START = datetime(2026, 1, 1, tzinfo=UTC)


def trade(day, side, quantity, price, fee="0", base_fee="0", strategy="", reason=""):
    amount = Decimal(quantity) * Decimal(price)
    value = Decimal(fee) + Decimal(base_fee) * Decimal(price)
    return Trade(
        id=day,
        at=START + timedelta(days=day),
        buy=side == "buy",
        quantity=units(Decimal(quantity)),
        amount=units(amount),
        fee=units(value),
        base_fee=units(Decimal(base_fee)),
        strategy=strategy,
        reason=reason,
    )


def move(day, quantity, cost=None, *, external=True):
    return Movement(
        id=day,
        at=START + timedelta(days=day),
        quantity=units(Decimal(quantity)),
        cost=None if cost is None else units(Decimal(cost)),
        external=external,
    )


def run(*facts, **rules):
    return Pair(**rules).apply_all(facts)


def realised(pair):
    return [
        None if match.realised is None else number(match.realised)
        for match in pair.matches
    ]


def test_first_in_first_out_names_the_lot_of_each_cent():
    # The example of IRS Publication 550, "Shares sold": the first bought are sold first.
    pair = run(
        trade(1, "buy", "100", "10"),
        trade(2, "buy", "100", "20"),
        trade(3, "sell", "150", "30"),
    )
    assert realised(pair) == [Decimal(2000), Decimal(500)]
    assert [match.lot.trade for match in pair.matches] == [1, 2]
    assert number(pair.position) == 50
    assert number(pair.lots[0].amount_left) == 1000


def test_fees_join_cost_on_entry_and_reduce_proceeds_on_exit():
    pair = run(trade(1, "buy", "10", "10", fee="1"), trade(2, "sell", "10", "12", "2"))
    assert realised(pair) == [Decimal(17)]
    assert number(pair.matches[0].fee) == 3
    assert number(pair.trips[0].net) == 17


def test_a_fee_in_the_base_reduces_what_a_buy_brings():
    pair = run(trade(1, "buy", "10", "100", base_fee="0.01"))
    lot = pair.lots[0]
    assert number(lot.left) == Decimal("9.99")
    assert number(lot.amount_left + lot.fee_left) == 1000
    assert number(lot.amount_left) / number(lot.left) == 100  # the price, without fees


def test_a_fee_in_the_base_consumes_lots_on_a_sale():
    pair = run(
        trade(1, "buy", "10.01", "100"),
        trade(2, "sell", "10", "110", base_fee="0.01"),
    )
    assert [match.kind for match in pair.matches] == ["trade", "fee"]
    assert number(pair.matches[1].quantity) == Decimal("0.01")
    assert realised(pair) == [Decimal(100), Decimal(-1)]
    assert pair.position == 0


def test_a_short_realises_what_it_brought_less_what_it_cost():
    pair = run(
        trade(1, "sell", "5", "20", fee="1"),
        trade(2, "buy", "5", "15", fee="1"),
        allow_short=True,
    )
    assert realised(pair) == [Decimal(23)]
    assert not pair.trips[0].long
    assert number(pair.trips[0].entry_basis) == 99


def test_crossing_zero_closes_one_trip_and_opens_the_next():
    pair = run(
        trade(1, "buy", "4", "10"),
        trade(2, "sell", "10", "12", fee="10"),
        allow_short=True,
    )
    assert realised(pair) == [Decimal(4)]  # 8 gained, 4 of the fee
    assert number(pair.position) == -6
    assert number(pair.lots[0].amount_left) == 72
    assert number(pair.lots[0].fee_left) == 6
    assert [trip.closed_at is None for trip in pair.trips] == [False, True]
    assert pair.trips[1].trade == 2


def test_selling_what_was_never_bought_is_said_and_leaves_nothing():
    pair = run(trade(1, "buy", "1", "10"), trade(2, "sell", "3", "20", fee="3"))
    assert realised(pair) == [Decimal(9), Decimal(38)]
    assert pair.matches[1].reason == LotReason.MISSING_ACQUISITION
    assert pair.matches[1].lot is None
    assert pair.position == 0
    assert len(pair.trips) == 1


def test_what_came_in_without_a_cost_realises_nothing_known():
    pair = run(move(1, "10"), trade(2, "sell", "4", "20"))
    assert realised(pair) == [None]
    assert pair.matches[0].reason == LotReason.MISSING_COST
    assert number(pair.position) == 6


def test_a_transfer_out_leaves_at_cost_and_realises_nothing():
    pair = run(
        trade(1, "buy", "4", "10", fee="4"),
        move(2, "-3"),
        trade(3, "sell", "1", "25"),
    )
    assert [match.kind for match in pair.matches] == ["transfer", "trade"]
    assert realised(pair) == [Decimal(0), Decimal(14)]
    assert number(pair.matches[0].cost) == 30
    assert number(pair.trips[0].moved) == 33
    assert number(pair.trips[0].net) == 14


def test_a_fee_paid_in_the_instrument_loses_its_cost():
    pair = run(trade(1, "buy", "4", "10"), move(2, "-1", external=False))
    assert [match.kind for match in pair.matches] == ["fee"]
    assert realised(pair) == [Decimal(-10)]


def test_more_going_out_than_was_there_is_flagged():
    pair = run(trade(1, "buy", "1", "10"), move(2, "-3"), allow_short=True)
    assert pair.position == 0
    assert pair.matches[1].reason == LotReason.MISSING_ACQUISITION
    assert number(pair.matches[1].quantity) == 2


def test_less_than_a_step_left_over_is_dust_and_its_cost_is_realised():
    pair = run(
        trade(1, "buy", "1.0000000000001", "10"),
        trade(2, "sell", "1", "20"),
    )
    assert [match.kind for match in pair.matches] == ["trade", "dust"]
    assert pair.matches[1].realised == units(Decimal("-0.000000000001"))
    assert pair.position == 0
    assert pair.trips[0].closed_at is not None
    assert pair.trips[0].net == sum(match.realised for match in pair.matches)


def test_a_crumb_sold_too_much_is_dust_and_no_missing_acquisition():
    pair = run(trade(1, "buy", "1", "10"), trade(2, "sell", "1.0000000000001", "20"))
    assert [match.kind for match in pair.matches] == ["trade", "dust"]
    assert pair.matches[1].reason == ""


def test_the_smallest_buy_is_a_position_and_no_dust():
    pair = run(trade(1, "buy", "0.000000000000000001", "1000000000"))
    assert pair.position == 1


def test_an_unknown_fee_is_left_out_and_said():
    pair = run(
        trade(1, "buy", "1", "10", reason=LotReason.NO_FX), trade(2, "sell", "1", "12")
    )
    assert realised(pair) == [Decimal(2)]
    assert pair.matches[0].reason == LotReason.NO_FX


def test_a_split_multiplies_what_is_left_and_no_amount():
    pair = run(
        trade(1, "buy", "10", "300"),
        UnitSplit(at=START + timedelta(days=2), numerator=3, denominator=1),
        trade(3, "sell", "30", "110"),
    )
    assert realised(pair) == [Decimal(300)]
    assert pair.position == 0


def test_funding_belongs_to_its_round_trip():
    pair = run(
        trade(1, "buy", "1", "10"),
        Funding(id=2, at=START + timedelta(days=2), amount=units(Decimal("-0.5"))),
        trade(3, "sell", "1", "12"),
        Funding(id=4, at=START + timedelta(days=4), amount=units(Decimal(7))),
    )
    assert number(pair.trips[0].net) == Decimal("1.5")


def test_a_trip_belongs_to_the_strategy_of_its_first_fill():
    pair = run(
        trade(1, "buy", "1", "10", strategy="slow"),
        trade(2, "buy", "1", "10", strategy="fast"),
        trade(3, "sell", "2", "12", strategy="exit"),
    )
    assert [trip.strategy for trip in pair.trips] == ["slow"]
    assert [match.strategy for match in pair.matches] == ["slow", "fast"]


@pytest.mark.parametrize(
    ("total", "part", "whole", "wanted"),
    [(5, 1, 2, 2), (7, 1, 2, 4), (-5, 1, 2, -2), (10, 1, 3, 3), (20, 1, 3, 7)],
)
def test_shares_round_half_to_even(total, part, whole, wanted):
    assert share(total, part, whole) == wanted


def test_what_moves_out_after_a_partial_exit_takes_its_share_of_what_is_left():
    pair = run(
        trade(1, "buy", "4", "10"),
        trade(2, "sell", "2", "15"),  # 20 of the basis leave with it
        move(3, "-1"),
        trade(4, "sell", "1", "15"),
    )
    (trip,) = pair.trips
    assert number(trip.moved) == 10
    assert trip.net is not None
    assert number(trip.net) == 15  # 3 sold at 5 more than they cost


def test_dust_of_a_short_was_earned_and_that_of_a_long_is_lost():
    crumb = "0.0000000000005"
    for side, other, gain in (("sell", "buy", "20"), ("buy", "sell", "-20")):
        pair = run(
            trade(1, side, f"1{crumb[1:]}", "10"),
            trade(2, other, "1", "10"),
            allow_short=True,
        )
        dust = pair.matches[-1]
        assert (dust.kind, pair.position) == ("dust", 0)
        assert number(dust.realised) == Decimal(gain) * Decimal(crumb) / 2


def test_coins_that_pay_a_short_back_realise_nothing_and_take_their_share_of_the_trip():
    pair = run(
        trade(1, "sell", "4", "10", fee="2"),
        move(2, "1", cost="3"),
        trade(3, "buy", "3", "6"),
        allow_short=True,
    )
    paid_back = pair.matches[0]
    assert (paid_back.kind, paid_back.realised) == ("transfer", 0)
    assert number(paid_back.cost) == Decimal("9.5")  # 10 less its fee
    (trip,) = pair.trips
    assert number(trip.moved) == Decimal("9.5")
    assert trip.net is not None
    assert number(trip.net) == Decimal("10.5")  # 3 x 4 less 1.5
