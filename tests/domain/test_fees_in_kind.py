"""A fee paid in units that are held as lots, and lots that travel between own books."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from trades.domain.events import Movement, Trade, TravellingLot
from trades.domain.lots import LotReason, MatchKind
from trades.domain.matching import Pair
from trades.domain.units import number, units

START = datetime(2026, 3, 1, tzinfo=UTC)


def day(count):
    return START + timedelta(days=count)


def u(value):
    return units(Decimal(value))


def plain(scaled: int | None) -> int:
    """A whole number of units."""
    assert scaled is not None
    assert scaled % units(Decimal(1)) == 0
    return int(number(scaled))


def trade(at, side, quantity, amount, **more):
    return Trade(
        id=at,
        at=day(at),
        buy=side == "buy",
        quantity=u(quantity),
        amount=u(amount),
        fee=0,
        **more,
    )


def fee(at, quantity, worth, **more):
    side = "sell" if Decimal(quantity) > 0 else "buy"
    return trade(at, side, abs(Decimal(quantity)), worth, as_fee=True, **more)


def told(pair):
    return [
        (
            match.kind.value,
            str(number(match.quantity).normalize()),
            None if match.proceeds is None else int(number(match.proceeds)),
            None if match.realised is None else int(number(match.realised)),
            match.reason,
        )
        for match in pair.matches
    ]


def test_a_fee_in_kind_consumes_lots_and_realises_their_worth_less_their_cost():
    pair = Pair().apply_all([trade(1, "buy", "10", "3000"), fee(2, "0.02", "8")])
    assert told(pair) == [("fee", "0.02", 8, 2, "")]
    assert number(pair.position) == Decimal("9.98")
    assert pair.matches[0].trade == 2


@pytest.mark.parametrize("allow_short", [False, True])
def test_a_fee_never_opens_a_short(allow_short):
    pair = Pair(allow_short=allow_short)
    pair.apply_all([trade(1, "buy", "1", "300"), fee(2, "3", "900")])
    assert told(pair) == [
        ("fee", "1", 300, 0, ""),
        ("fee", "2", 600, 600, LotReason.MISSING_ACQUISITION),
    ]
    assert (pair.position, list(pair.lots)) == (0, [])


def test_a_fee_of_unknown_worth_takes_its_lots_all_the_same():
    pair = Pair().apply_all(
        [trade(1, "buy", "10", "3000"), fee(2, "4", "0", reason=LotReason.NO_FX)]
    )
    assert told(pair) == [("fee", "4", None, None, LotReason.NO_FX)]
    assert (plain(pair.position), plain(pair.lots[0].amount_left)) == (6, 1800)


def test_a_fee_that_is_paid_back_is_a_lot_at_its_worth():
    pair = Pair().apply_all([fee(1, "-2", "600"), trade(2, "sell", "1", "310")])
    assert told(pair) == [("trade", "1", 310, 10, "")]
    assert pair.lots[0].trade == 1


def test_a_fee_leaves_a_short_as_it_is():
    pair = Pair(allow_short=True)
    pair.apply_all([trade(1, "sell", "5", "50"), fee(2, "1", "10")])
    assert number(pair.position) == -5
    assert told(pair) == [("fee", "1", 10, 10, LotReason.MISSING_ACQUISITION)]


def test_a_fee_that_closes_a_position_ends_its_trip_with_its_worth():
    pair = Pair().apply_all([trade(1, "buy", "2", "600"), fee(2, "2", "640")])
    (trip,) = pair.trips
    assert (plain(trip.net), trip.closed_by, trip.closed_at) == (40, 2, day(2))


# --- lots that travel -----------------------------------------------------------------


def arrival(at, *lots):
    parts = tuple(
        TravellingLot(
            quantity=u(quantity),
            amount=u(amount),
            fee=u(charged),
            acquired_at=day(acquired),
            reason=reason,
        )
        for quantity, amount, charged, acquired, reason in lots
    )
    return Movement(
        id=at, at=day(at), quantity=sum(part.quantity for part in parts), lots=parts
    )


def test_lots_from_an_own_book_bring_their_cost_their_fees_and_their_dates():
    pair = Pair().apply_all(
        [arrival(9, ("1", "100", "1", 2, ""), ("2", "260", "0", 4, ""))]
    )
    assert [
        (plain(lot.left), plain(lot.amount_left), plain(lot.fee_left), lot.since)
        for lot in pair.lots
    ] == [(1, 100, 1, day(2)), (2, 260, 0, day(4))]
    assert {(lot.at, lot.movement) for lot in pair.lots} == {(day(9), 9)}


def test_what_was_acquired_first_is_sold_first_wherever_it_was_held():
    pair = Pair().apply_all(
        [
            trade(3, "buy", "1", "200"),
            arrival(5, ("1", "100", "0", 1, ""), ("1", "400", "0", 4, "")),
            trade(6, "buy", "1", "500"),
            trade(7, "sell", "4", "2000"),
        ]
    )
    assert [plain(match.cost) for match in pair.matches] == [100, 200, 400, 500]


def test_an_arrival_covers_a_short_first_and_the_rest_keeps_its_share_of_the_cost():
    pair = Pair(allow_short=True).apply_all(
        [trade(1, "sell", "1", "90"), arrival(2, ("4", "400", "8", 0, ""))]
    )
    (lot,) = pair.lots
    kept = [plain(part) for part in (lot.left, lot.amount_left, lot.fee_left)]
    assert kept == [3, 300, 6]
    assert pair.matches[0].kind is MatchKind.TRANSFER


def test_a_lot_of_unknown_cost_stays_unknown_in_the_other_book():
    missing = LotReason.MISSING_COST
    pair = Pair().apply_all(
        [arrival(1, ("1", "0", "0", 0, missing)), trade(2, "sell", "1", "90")]
    )
    assert told(pair) == [("trade", "1", 90, None, missing)]
