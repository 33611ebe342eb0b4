"""Shares of amounts: nothing is lost and nothing is made, whatever is taken."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import strategies as st

from tests.reach import holds_for
from trades.domain.lots import LotReason, LotState
from trades.domain.trips import TripState
from trades.domain.units import DIGITS, number, share, units

START = datetime(2026, 1, 1, tzinfo=UTC)
amounts = st.integers(-(10**38), 10**38)
wholes = st.integers(1, 10**30)


def lot(quantity=10, amount=100, fee=7, **more):
    return LotState(
        long=True, at=START, quantity=quantity, amount=amount, fee=fee, **more
    )


def trip(**changes):
    values = {"long": True, "opened_at": START, **changes}
    return TripState(**values)


@pytest.mark.parametrize(
    ("total", "part", "whole", "expected"),
    [
        (10, 1, 4, 2),  # 2.5 to the even 2
        (14, 1, 4, 4),  # 3.5 to the even 4
        (11, 1, 4, 3),  # 2.75
        (-10, 1, 4, -2),
        (-14, 1, 4, -4),
        (7, 0, 3, 0),
        (7, 3, 3, 7),
        (0, 5, 9, 0),
        (10**38, 1, 3, 33333333333333333333333333333333333333),
    ],
)
def test_a_share_is_half_even(total, part, whole, expected):
    assert share(total, part, whole) == expected


def test_the_whole_share_is_the_total_and_none_is_nothing():
    def check(case):
        total, whole = case
        assert share(total, whole, whole) == total
        assert share(total, 0, whole) == 0
        return bool(total) and whole > 1

    holds_for(st.tuples(amounts, wholes), check)


def test_a_share_is_at_most_half_a_unit_away():
    def check(case):
        total, whole, part = case
        assert abs(2 * (share(total, part, whole) * whole - total * part)) <= whole
        return total * part % whole != 0

    cases = st.tuples(amounts, wholes, st.integers(0, 10**30))
    # Small numbers, which come often, divide one another.
    uneven = cases.filter(lambda case: case[0] * case[2] % case[1])
    holds_for(cases | uneven, check)


@pytest.mark.parametrize(
    "text",
    ["0", "1", "-1", "0.000000000000000001", "99999999999999999999.999999999999999999"],
)
def test_units_and_numbers_are_each_others_inverse(text):
    assert number(units(Decimal(text))) == Decimal(text)
    assert units(Decimal(1)) == 10**DIGITS


def test_the_parts_of_a_lot_add_up_to_it():
    def check(case):
        parts, amount = case
        whole = lot(quantity=sum(parts), amount=amount, fee=amount // 7)
        taken = [whole.take(part) for part in parts]
        assert sum(amount for amount, _ in taken) == whole.amount
        assert sum(fee for _, fee in taken) == whole.fee
        assert (whole.left, whole.amount_left, whole.fee_left) == (0, 0, 0)
        return len(parts) > 1 and bool(amount)

    parts = st.lists(st.integers(1, 10**6), min_size=1, max_size=20)
    holds_for(st.tuples(parts, amounts), check)


def test_a_lot_from_the_database_keeps_what_is_left():
    stored = lot(left=4, amount_left=40, fee_left=3)
    assert stored.take(4) == (40, 3)
    assert lot().left == 10


@pytest.mark.parametrize(
    ("long", "values", "net"),
    [
        (True, {"entry_amount": 100, "exit_amount": 150}, 50),
        (True, {"entry_amount": 100, "exit_amount": 150, "entry_fee": 2}, 48),
        (True, {"entry_amount": 100, "exit_amount": 150, "exit_fee": 3}, 47),
        (True, {"entry_amount": 100, "exit_amount": 90, "funding": -4}, -14),
        (True, {"entry_amount": 100, "exit_amount": 60, "moved": 50}, 10),
        (False, {"entry_amount": 150, "exit_amount": 100}, 50),
        (False, {"entry_amount": 150, "exit_amount": 100, "entry_fee": 2}, 48),
        (False, {"entry_amount": 150, "exit_amount": 100, "exit_fee": 3}, 47),
    ],
)
def test_a_trip_is_net_of_fees_funding_and_what_moved_out(long, values, net):
    assert trip(long=long, **values).net == net


def test_a_trip_of_unknown_cost_has_no_result():
    assert trip(exit_amount=9, reason=LotReason.MISSING_COST).net is None
    assert trip(exit_amount=9, reason=LotReason.NO_FX).net == 9


def test_the_first_reason_of_a_trip_stays():
    held = trip()
    held.enter(1, 10, 0, LotReason.MISSING_COST)
    held.enter(1, 10, 0, LotReason.NO_FX)
    held.enter(1, 10, 0, "")
    assert held.reason == LotReason.MISSING_COST
    assert (held.entry_quantity, held.entry_amount, held.basis) == (3, 30, 30)


def test_the_basis_leaves_whole():
    def check(case):
        parts, amount = case
        held = trip()
        held.enter(sum(parts), amount, 3, "")
        left, gone = sum(parts), 0
        for part in parts:
            gone += held.leave(part, left)
            left -= part
        assert (gone, held.basis) == (amount + 3, 0)
        return len(parts) > 1

    parts = st.lists(st.integers(1, 1000), min_size=1, max_size=9)
    holds_for(st.tuples(parts, st.integers(0, 10**9)), check)


def test_nothing_leaves_a_trip_that_holds_nothing():
    assert trip(basis=5).leave(1, 0) == 0


@pytest.mark.parametrize("reason", LotReason)
def test_a_reason_is_its_own_text(reason):
    assert str(reason) == reason.value == f"{reason}"
