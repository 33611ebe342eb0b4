"""The matcher beside a ledger in fractions that shares no code with it: long and
short, transfers, splits, fees in kind, dust, crossings, every strategy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import strategies as st

from tests.domain.oracle import FractionLedger, Row
from tests.reach import holds_for
from trades.domain import events
from trades.domain.lots import LotReason, MatchKind
from trades.domain.matching import DUST, Pair

START = datetime(2026, 3, 1, tzinfo=UTC)
UNIT = 10**18
STEP = Fraction(DUST, UNIT)
# Quantities are so coarse, and splits so whole, that both stay exact.
COARSE = Fraction(1, 1000)
RATIOS = (Fraction(2), Fraction(3), Fraction(10))
ACTIONS = (
    *("buy", "sell", "buy", "sell", "close", "part", "part", "cross"),
    *("crumb", "less", "move_part"),
    *("in", "out", "cost", "kind_fee", "split", "base_buy", "base_sell", "funding"),
)

MOVES = ("in", "out", "move_part", "cost")


@dataclass(frozen=True)
class Story:
    """Rows for both ledgers, and whether shorts are allowed."""

    shorts: bool
    rows: list[Row]


@st.composite
def stories(draw: st.DrawFn, *, moves: bool = True) -> Story:
    """Facts that know what is held, so that positions close and cross often."""
    shorts = draw(st.booleans())
    rows: list[Row] = []
    for _ in range(draw(st.integers(3, 20))):
        held = FractionLedger(shorts, STEP).run(rows).held
        action = draw(st.sampled_from(ACTIONS))
        if action in MOVES and not moves:
            continue
        rows.append(_row(draw, action, held, len(rows)))
    return Story(shorts, rows)


def _row(draw: st.DrawFn, action: str, held: Fraction, index: int) -> Row:
    size = draw(st.integers(1, 900_000)) * COARSE
    price = Fraction(draw(st.integers(10**6, 10**9)), 10**6)
    strategy = f"s{index % 3}"
    if action == "split":
        return Row(kind="split", value=draw(st.sampled_from(RATIOS)))
    if action == "funding":
        return Row(kind="funding", value=Fraction(draw(st.integers(-(10**6), 10**6))))
    if action in MOVES:
        known = draw(st.booleans())
        sign = 1 if action == "in" else -1
        if action == "move_part":  # coins that go out, or that pay a short back
            size = abs(_exact(held / 3)) or size
            sign = -1 if held > 0 else 1
        value = _exact(size * price) if known else None
        return Row(
            kind="cost" if action == "cost" else "move",
            quantity=sign * size,
            value=value,
            strategy=strategy,
        )
    if action == "kind_fee":
        return Row(
            kind="kind_fee",
            quantity=-size,
            value=_exact(size * price),
            strategy=strategy,
        )
    quantity = {
        "buy": size,
        "base_buy": size,
        "sell": -size,
        "base_sell": -size,
        "close": -held,
        "part": -held / 4,
        "cross": -2 * held,
        "crumb": -held + STEP / 3,
        "less": -held - STEP / 3,
    }[action]
    quantity = _exact(quantity) or size
    base_fee = _exact(abs(quantity) / 500) if action.startswith("base") else Fraction(0)
    value = _exact(abs(quantity) * price)
    fee = _exact(base_fee * price if base_fee else value / 700)
    return Row(
        kind="fill",
        quantity=quantity,
        value=value,
        fee=fee,
        base_fee=base_fee,
        strategy=strategy,
    )


def _exact(number: Fraction) -> Fraction:
    """To 18 decimals, as everything that is booked."""
    return Fraction(round(number * UNIT), UNIT)


def _units(number: Fraction) -> int:
    scaled = number * UNIT
    assert scaled.denominator == 1
    return scaled.numerator


def fact_of(row: Row, index: int) -> events.Fact:
    """The row as the matcher is told."""
    at = START + timedelta(minutes=index)
    if row.kind == "split":
        assert row.value is not None
        return events.UnitSplit(
            at=at, numerator=row.value.numerator, denominator=row.value.denominator
        )
    if row.kind == "funding":
        return events.Funding(id=index, at=at, amount=_units(row.value or Fraction(0)))
    if row.kind in ("move", "cost"):
        return events.Movement(
            id=index,
            at=at,
            quantity=_units(row.quantity),
            cost=None if row.value is None else _units(row.value),
            external=row.kind == "move",
            strategy=row.strategy,
        )
    return events.Trade(
        id=index,
        at=at,
        buy=row.quantity > 0,
        quantity=_units(abs(row.quantity)),
        amount=_units(row.value or Fraction(0)),
        fee=_units(row.fee),
        base_fee=_units(row.base_fee),
        strategy=row.strategy,
        as_fee=row.kind == "kind_fee",
    )


def ledgers(story: Story) -> tuple[Pair, FractionLedger]:
    facts = [fact_of(row, index) for index, row in enumerate(story.rows)]
    pair = Pair(allow_short=story.shorts).apply_all(facts)
    return pair, FractionLedger(story.shorts, STEP).run(story.rows)


def near(units: int, wanted: Fraction, story: Story) -> bool:
    """Half a unit of the last decimal for each share that was taken."""
    return abs(Fraction(units, UNIT) - wanted) <= Fraction(8 * len(story.rows), UNIT)


def test_what_is_held_and_what_it_cost() -> None:
    def check(story: Story) -> bool:
        pair, ledger = ledgers(story)
        assert Fraction(pair.position, UNIT) == ledger.held
        cost = sum(
            lot.amount_left + lot.fee_left
            if lot.long
            else lot.fee_left - lot.amount_left
            for lot in pair.lots
            if lot.reason != LotReason.MISSING_COST
        )
        assert near(cost, ledger.cost, story)
        return bool(pair.lots)

    holds_for(stories(), check)


def test_what_each_strategy_realised() -> None:
    def check(story: Story) -> bool:
        pair, ledger = ledgers(story)
        sums: dict[str, int] = {}
        for match in pair.matches:
            sums[match.strategy] = sums.get(match.strategy, 0) + (match.realised or 0)
        names = set(sums) | set(ledger.realised)
        for name in names:
            assert near(sums.get(name, 0), ledger.realised[name], story), name
        return any(ledger.realised.values())

    holds_for(stories(), check)


def test_what_was_never_acquired_is_counted() -> None:
    def check(story: Story) -> bool:
        pair, ledger = ledgers(story)
        flagged = [
            match
            for match in pair.matches
            if match.reason == LotReason.MISSING_ACQUISITION
        ]
        assert len(flagged) == ledger.missing
        return ledger.missing > 0

    holds_for(stories(), check)


def test_round_trips_come_to_their_cash() -> None:
    def check(story: Story) -> bool:
        pair, ledger = ledgers(story)
        assert [trip.closed_at is not None for trip in pair.trips] == [
            trip.closed for trip in ledger.trips
        ]
        for trip, wanted in zip(pair.trips, ledger.trips, strict=True):
            if trip.net is not None and wanted.known:
                assert near(trip.net, wanted.net, story)
        return any(trip.closed and trip.known for trip in ledger.trips)

    holds_for(stories(), check)


def test_what_closed_trips_come_to_is_what_was_realised() -> None:
    """Without transfers: every fill belongs to a trip, but what was never acquired."""

    def check(story: Story) -> bool:
        pair, _ = ledgers(story)
        ended = [trip for trip in pair.trips if trip.closed_at is not None]
        lone = sum(match.realised or 0 for match in pair.matches if match.lot is None)
        realised = sum(match.realised or 0 for match in pair.matches) - lone
        funding = sum(trip.funding for trip in ended)
        last = pair.trips[-1] if pair.trips else None
        if last is not None and last.closed_at is None:
            realised -= sum(
                match.realised or 0
                for match in pair.matches
                if match.lot is not None and match.lot.at >= last.opened_at
            )
        assert near(
            realised,
            Fraction(sum(trip.net or 0 for trip in ended) - funding, UNIT),
            story,
        )
        return bool(ended)

    holds_for(stories(moves=False), check)


def test_kinds_of_matches_say_what_closed_a_lot() -> None:
    def check(story: Story) -> bool:
        pair, _ = ledgers(story)
        dust = [match for match in pair.matches if match.kind is MatchKind.DUST]
        for match in dust:
            assert match.quantity < DUST
        transfers = [m for m in pair.matches if m.kind is MatchKind.TRANSFER]
        for match in transfers:
            assert match.realised == 0
            if match.lot is not None and match.cost is not None:  # it leaves at cost
                assert match.proceeds == match.cost + match.fee
        return bool(dust or transfers)

    holds_for(stories(), check)


@pytest.mark.parametrize("quantity", ["1", "-1"])
def test_a_property_that_is_never_put_to_the_test_fails(quantity: str) -> None:
    with pytest.raises(AssertionError, match="0 of"):
        holds_for(st.just(quantity), lambda case: False, examples=5)
