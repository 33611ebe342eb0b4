"""Stated beside booked: what differs, by how much, and since which fact."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from portfolio.domain.reconciliation import AssetChange, HeldStatement, compare

D = Decimal
START = datetime(2025, 4, 7, tzinfo=UTC)


def change(day: int, asset: str, quantity: str, fact: int = 0, symbol: str = ""):
    return AssetChange(
        at=START + timedelta(days=day),
        asset=asset,
        symbol=symbol,
        quantity=D(quantity),
        fill=fact or day,
    )


def stated(day: int, asset: str, amount: str) -> HeldStatement:
    at = START + timedelta(days=day)
    return HeldStatement(asset=asset, at=at, amount=D(amount), source="bank")


def result(changes, statements):
    return [
        (
            comparison.booked,
            comparison.difference,
            comparison.parts.fill if comparison.parts else None,
        )
        for comparison in compare(changes, statements)
    ]


def test_they_part_at_the_first_fact_after_the_last_statement_that_agreed():
    changes = [
        change(1, "USD", "500"),
        change(2, "USD", "-120"),
        change(4, "USD", "35"),
        change(6, "USD", "-10"),
        change(8, "USD", "-3"),
    ]
    statements = [
        stated(3, "USD", "380"),
        stated(5, "USD", "410"),
        stated(7, "USD", "400"),
        stated(9, "USD", "402"),
    ]
    assert result(changes, statements) == [
        (D(380), D(0), None),
        (D(415), D(-5), 4),
        (D(405), D(-5), 4),
        (D(402), D(0), None),
    ]


def test_after_an_agreement_the_search_begins_anew():
    changes = [change(1, "USD", "5"), change(3, "USD", "7")]
    statements = [
        stated(0, "USD", "1"),
        stated(2, "USD", "5"),
        stated(4, "USD", "13"),
    ]
    assert result(changes, statements) == [
        (D(0), D(1), None),
        (D(5), D(0), None),
        (D(12), D(1), 3),
    ]


def test_an_asset_is_its_cash_and_all_lots_of_it():
    changes = [
        change(1, "JADE", "2", symbol="JADE-USD"),
        change(2, "JADE", "1.5", symbol="JADE-EUR"),
        change(3, "JADE", "-0.25"),
        change(3, "USD", "900"),
    ]
    assert result(changes, [stated(4, "JADE", "3.25")]) == [(D("3.25"), D(0), None)]


def test_a_statement_of_an_instant_comes_after_the_facts_of_it():
    assert result([change(1, "USD", "5")], [stated(1, "USD", "5")])[0][1] == 0


def test_a_split_stands_before_the_facts_of_its_instant_and_is_no_parting():
    split = AssetChange(
        at=START + timedelta(days=2),
        asset="JADE",
        symbol="JADE",
        ratio=Fraction(3, 2),
    )
    changes = [
        change(2, "JADE", "1", symbol="JADE"),
        split,
        change(1, "JADE", "4", symbol="JADE"),
    ]
    statements = [stated(1, "JADE", "4"), stated(2, "JADE", "6.5")]
    assert result(changes, statements)[1] == (D(7), D("-0.5"), 2)
