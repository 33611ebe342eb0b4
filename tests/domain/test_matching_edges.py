"""Matching to the last unit: crumbs, counters, reasons and what a round trip keeps."""

from datetime import UTC, datetime, timedelta

import pytest

from trades.domain.events import Fact, Funding, Movement, Trade, UnitSplit
from trades.domain.lots import LotReason, LotState, MatchKind
from trades.domain.matching import DUST, Pair

START = datetime(2026, 5, 4, tzinfo=UTC)
MANY = 1_000 * DUST
MISSING = LotReason.MISSING_ACQUISITION


def trade(number, side, quantity, amount, *, fee=0, base_fee=0, strategy="", reason=""):
    return Trade(
        id=number,
        at=START + timedelta(days=number),
        buy=side == "buy",
        quantity=quantity,
        amount=amount,
        fee=fee,
        base_fee=base_fee,
        strategy=strategy,
        reason=reason,
    )


def move(number, quantity, cost=None, *, external=True, strategy=""):
    return Movement(
        id=number,
        at=START + timedelta(days=number),
        quantity=quantity,
        cost=cost,
        external=external,
        strategy=strategy,
    )


def run(*facts, allow_short=True):
    return Pair(allow_short=allow_short).apply_all(facts)


@pytest.mark.parametrize(
    ("long", "facts", "reached"),
    [
        pytest.param(True, [trade(1, "sell", 30, 1, base_fee=2)], 32, id="a sale"),
        pytest.param(True, [trade(1, "sell", 30, 1, base_fee=-2)], 32, id="a rebate"),
        pytest.param(True, [trade(1, "buy", 30, 1)], 0, id="more of it"),
        pytest.param(
            True, [trade(1, "sell", 3, 1), trade(2, "sell", 4, 1)], 7, id="two sales"
        ),
        pytest.param(True, [move(1, -5)], 5, id="sent"),
        pytest.param(True, [move(1, 1)], 0, id="received"),
        pytest.param(True, [move(1, -5), move(2, -6)], 11, id="sent twice"),
        pytest.param(False, [trade(1, "buy", 30, 1)], 30, id="a short bought back"),
        pytest.param(False, [trade(1, "sell", 30, 1)], 0, id="a larger short"),
        pytest.param(False, [move(1, 1)], 1, id="a short paid back"),
        pytest.param(
            True,
            [
                Funding(id=1, at=START, amount=9),
                UnitSplit(at=START, numerator=2, denominator=1),
            ],
            0,
            id="no quantity",
        ),
    ],
)
def test_facts_reach_as_far_as_they_can_close_and_sweep(
    long: bool, facts: list[Fact], reached: int
) -> None:
    lot = LotState(long=long, at=START, quantity=MANY, amount=1, fee=0)
    pair = Pair(allow_short=True)
    pair.lots.append(lot)
    pair.held, pair.long = MANY, long
    assert pair.reach(facts) == DUST + reached


def test_a_trip_counts_its_fills_and_all_that_left():
    (trip,) = run(
        trade(1, "buy", 4 * MANY, 40),
        trade(2, "buy", 2 * MANY, 20),
        trade(3, "sell", MANY, 12),
        move(4, -MANY),
        move(5, -MANY),
        trade(6, "sell", 3 * MANY, 36),
    ).trips
    assert (trip.fills, trip.exit_quantity, trip.exit_amount) == (4, 6 * MANY, 48)
    assert (trip.closed_by, trip.basis) == (6, 0)


@pytest.mark.parametrize("unpriced", [1, 2, 3])
def test_a_trip_with_a_fee_of_unknown_worth_says_so(unpriced):
    sides = {1: "buy", 2: "sell", 3: "sell"}
    facts = [
        trade(
            number,
            side,
            2 * MANY if number == 1 else MANY,
            10,
            reason=LotReason.NO_FX if number == unpriced else "",
        )
        for number, side in sides.items()
    ]
    assert run(*facts).trips[0].reason == LotReason.NO_FX


def test_what_is_sent_away_whole_ends_its_trip_by_no_fill():
    (trip,) = run(trade(1, "buy", MANY, 10), move(2, -MANY)).trips
    assert (trip.closed_at, trip.closed_by) == (START + timedelta(days=2), None)
    assert trip.basis == 0


def test_a_crumb_bought_too_much_for_a_short_is_a_cost():
    pair = run(trade(1, "sell", MANY, 1_000), trade(2, "buy", MANY + 1, 2 * MANY + 2))
    crumb = pair.matches[-1]
    assert (crumb.kind, crumb.cost, crumb.proceeds) == (MatchKind.DUST, 2, 0)
    assert crumb.realised == -2


@pytest.mark.parametrize(
    ("left", "held"), [(1, 0), (DUST - 1, 0), (DUST, DUST), (DUST + 1, DUST + 1)]
)
@pytest.mark.parametrize("sent", [False, True])
def test_less_than_a_step_is_swept_and_a_step_is_held(left, held, sent):
    away = move(2, -MANY) if sent else trade(2, "sell", MANY, 10)
    pair = run(trade(1, "buy", MANY + left, 10), away)
    assert pair.position == held
    assert (pair.trips[0].closed_at is None) == bool(held)


def test_what_is_swept_keeps_its_entry_fee_and_its_reason():
    pair = run(
        trade(1, "buy", 2 * DUST, 200, fee=100, reason=LotReason.NO_FX),
        trade(2, "sell", DUST + 1, 90),
    )
    swept = pair.matches[-1]
    assert swept.kind is MatchKind.DUST
    assert (swept.fee, swept.entry_fee) == (50, 50)
    assert swept.reason == LotReason.NO_FX


def test_a_crumb_that_is_held_stays_when_more_comes():
    pair = run(trade(1, "buy", 1, 5), move(2, 1, cost=5))
    assert (pair.position, pair.matches) == (2, [])


@pytest.mark.parametrize(
    ("held", "sent", "unheld"),
    [
        pytest.param(0, 1, (1, "transfer", MISSING), id="nothing was there"),
        pytest.param(MANY, MANY + 1, (1, "dust", ""), id="a crumb more than was there"),
        pytest.param(
            MANY,
            MANY + DUST,
            (DUST, "transfer", MISSING),
            id="a step more than was there",
        ),
    ],
)
def test_what_was_sent_and_never_came_is_flagged_or_dust(held, sent, unheld):
    bought = [trade(1, "buy", held, 10)] if held else []
    (match,) = [m for m in run(*bought, move(2, -sent)).matches if m.lot is None]
    assert (match.quantity, match.kind, match.reason) == unheld


def test_the_smallest_unit_pays_a_short_back():
    pair = run(trade(1, "sell", MANY, 50), move(2, 1, cost=3))
    assert (pair.position, pair.matches[0].quantity) == (1 - MANY, 1)


def test_income_in_kind_that_covers_a_short_costs_nothing():
    pair = run(trade(1, "sell", MANY, 50, fee=4), move(2, MANY, external=False))
    (match,) = pair.matches
    assert (match.cost, match.proceeds, match.realised) == (0, 50, 46)


def test_a_lot_that_is_sent_keeps_its_reason():
    pair = run(trade(1, "buy", MANY, 10, reason=LotReason.NO_FX), move(2, -MANY))
    assert pair.matches[0].reason == LotReason.NO_FX


def test_what_comes_from_outside_begins_a_trip_at_its_stated_cost():
    pair = run(move(1, MANY, cost=0, strategy="gift"), move(2, MANY, cost=30))
    (trip,) = pair.trips
    assert (trip.opened_at, trip.strategy) == (START + timedelta(days=1), "gift")
    assert [(lot.amount, lot.fee) for lot in pair.lots] == [(0, 0), (30, 0)]
    assert {lot.acquired_at for lot in pair.lots} == {None}


def test_a_trip_of_what_came_without_a_cost_has_no_result():
    (trip,) = run(move(1, MANY), trade(2, "sell", MANY, 90)).trips
    assert (trip.reason, trip.net) == (LotReason.MISSING_COST, None)
