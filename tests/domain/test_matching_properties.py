"""Whatever is traded: nothing is lost, closed is exactly zero, order of work is moot."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import strategies as st

from tests.reach import holds_for
from trades.domain.events import Movement, Trade
from trades.domain.lots import LotReason
from trades.domain.matching import DUST, Pair
from trades.domain.units import DIGITS

START = datetime(2026, 1, 1, tzinfo=UTC)
SCALE = 10**DIGITS
quantity = st.integers(min_value=DUST, max_value=1000 * SCALE)


@st.composite
def histories(draw, *, shorts: bool, moves: bool = True):
    facts: list[Trade | Movement] = []
    for index in range(draw(st.integers(1, 25))):
        at = START + timedelta(minutes=index)
        size = draw(quantity)
        if moves and draw(st.integers(0, 5)) == 0:
            cost = draw(st.integers(0, 10**24))
            sign = draw(st.sampled_from((1, -1)))
            facts.append(Movement(id=index, at=at, quantity=sign * size, cost=cost))
            continue
        amount = draw(st.integers(1, 10**25))
        base_fee = draw(st.sampled_from((0, 0, size // 1000)))
        fee = amount // 1000 if base_fee else draw(st.integers(0, 10**20))
        buy = draw(st.booleans())
        facts.append(
            Trade(
                id=index,
                at=at,
                buy=buy,
                quantity=size,
                amount=amount,
                fee=fee,
                base_fee=base_fee,
                strategy=f"s{index % 3}",
            )
        )
    return facts


def cash(facts):
    """What the fills moved in the quote currency; base fees move none."""
    total = 0
    for fact in facts:
        if isinstance(fact, Trade):
            total += -fact.amount if fact.buy else fact.amount
            total -= 0 if fact.base_fee else fact.fee
    return total


def total(matches):
    """Σ realised; every cost is known in these histories."""
    return sum(m.realised or 0 for m in matches)


def open_value(pair):
    """Signed cost (fees included) of what is open."""
    return sum(
        lot.amount_left + lot.fee_left if lot.long else lot.fee_left - lot.amount_left
        for lot in pair.lots
    )


def test_cash_equals_realised_less_what_is_still_in_open_lots():
    def check(facts):
        pair = Pair(allow_short=True).apply_all(facts)
        assert cash(facts) == total(pair.matches) - open_value(pair)
        return bool(pair.matches)

    holds_for(histories(shorts=True, moves=False), check)


def test_quantity_is_conserved():
    def check(facts):
        pair = Pair(allow_short=True).apply_all(facts)
        expected = 0
        for fact in facts:
            if isinstance(fact, Trade):
                expected += fact.quantity if fact.buy else -fact.quantity
                expected -= fact.base_fee
            else:
                expected += fact.quantity
        unheld = sum(
            m.quantity
            for m in pair.matches
            if m.lot is None and m.reason == LotReason.MISSING_ACQUISITION
        )
        dust = sum(m.quantity for m in pair.matches if m.kind == "dust")
        assert abs(pair.position - (expected + unheld)) <= dust
        return any(m.movement is not None for m in pair.matches)

    holds_for(histories(shorts=True), check)


def test_a_closed_lot_holds_exactly_nothing():
    def check(facts):
        pair = Pair(allow_short=True).apply_all(facts)
        for lot in pair.opened:
            taken = [m for m in pair.matches if m.lot is lot]
            assert lot.left + sum(m.quantity for m in taken) == lot.quantity
            assert lot.fee_left + sum(m.entry_fee for m in taken) == lot.fee
            if not lot.left:
                assert (lot.amount_left, lot.fee_left) == (0, 0)
        return any(not lot.left for lot in pair.opened)

    holds_for(histories(shorts=True), check)


def test_without_shorting_nothing_is_ever_short():
    def check(facts):
        pair = Pair()
        for fact in facts:
            pair.apply(fact)
            assert pair.position >= 0
        return any(m.reason == LotReason.MISSING_ACQUISITION for m in pair.matches)

    holds_for(histories(shorts=False), check)


def test_every_realised_amount_is_its_own_sum():
    def check(facts):
        pair = Pair(allow_short=True).apply_all(facts)
        for m in pair.matches:
            assert m.proceeds is not None
            assert m.cost is not None
            assert m.realised == m.proceeds - m.cost - m.fee
        return any(m.lot is not None for m in pair.matches)

    holds_for(histories(shorts=True), check)


def test_going_on_from_a_stored_state_gives_what_one_run_gives():
    def check(case):
        facts, cut = case
        whole = Pair(allow_short=True).apply_all(facts)
        first = Pair(allow_short=True).apply_all(facts[:cut])
        stored = bool(first.lots)
        second = Pair(allow_short=True, lots=first.lots, trip=first.trip)
        second.apply_all(facts[cut:])
        assert [_match(m) for m in whole.matches] == [
            _match(m) for m in first.matches + second.matches
        ]
        assert [_lot(lot) for lot in whole.lots] == [_lot(lot) for lot in second.lots]
        return stored and cut < len(facts)

    cuts = histories(shorts=True).flatmap(
        lambda facts: st.tuples(st.just(facts), st.integers(0, len(facts)))
    )
    holds_for(cuts, check)


def test_one_round_trip_ends_before_the_next_begins():
    """What they come to is compared with a ledger in fractions (test_matching_oracle)."""

    def check(facts):
        pair = Pair(allow_short=True).apply_all(facts)
        for before, after in pairwise(pair.trips):
            assert before.closed_at is not None
            assert before.closed_at <= after.opened_at
        return len(pair.trips) > 1

    holds_for(histories(shorts=True, moves=False), check)


def _match(m):
    origin = None if m.lot is None else (m.lot.trade, m.lot.movement)
    return (m.kind, origin, m.trade, m.quantity, m.cost, m.proceeds, m.fee, m.realised)


def _lot(lot):
    return (lot.trade, lot.movement, lot.long, lot.left, lot.amount_left, lot.fee_left)
