"""Cash that fills lacked before the first deposit is kept with the facts' balances,
whatever order the facts arrive in."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from portfolio.models import EquityCurve, EquityPoint
from portfolio.services import equity
from trades.domain.facts import NewFill, NewTransfer
from trades.models import Balance, Book
from trades.queries.cash import implied_funding
from trades.services import rebuilding
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.transfers import book_transfers

D = Decimal
START = datetime(2025, 2, 3, 9, tzinfo=UTC)


def buy(name: str, amount: str, day: int, symbol: str = "OPAL-USD") -> NewFill:
    return NewFill(
        external_id=name,
        symbol=symbol,
        side="sell" if amount.startswith("-") else "buy",
        quantity=D(1),
        price=abs(D(amount)),
        executed_at=START + timedelta(days=day),
        book="Ada",
    )


def pay(name: str, amount: str, day: int, asset: str = "USD") -> NewTransfer:
    return NewTransfer(
        external_id=name,
        kind="withdrawal" if amount.startswith("-") else "deposit",
        asset=asset,
        amount=D(amount),
        at=START + timedelta(days=day),
        book="Ada",
    )


@pytest.fixture
def ada(person):
    owner = person("ada", "Trader")
    create_book(NewBook("Ada", "USD", "UTC"), owner)
    return owner


def book_each(facts, by) -> None:
    for fact in facts:
        if isinstance(fact, NewFill):
            book_fills([fact], by)
        else:
            book_transfers([fact], by)


def usd() -> tuple[Decimal, Decimal]:
    """(the cash that is there, how much of it is implied)"""
    row = Balance.objects.get(currency="USD")
    return row.available, row.implied


def test_deposits_repay_what_was_implied_and_then_nothing_is(ada):
    seen = []
    for fact in (
        buy("a", "410.5", 0),
        pay("b", "150", 2),
        pay("c", "300", 3),
        buy("d", "60", 4),
    ):
        book_each([fact], ada)
        seen.append(usd())
    assert seen == [
        (D(0), D("410.5")),
        (D(0), D("260.5")),
        (D("39.5"), D(0)),
        (D("-20.5"), D(0)),
    ]


def test_sales_pay_for_what_comes_after_them(ada):
    book_each([buy("a", "100", 0), buy("b", "-130", 1), buy("c", "150", 2)], ada)
    assert usd() == (D(0), D(120))


def test_a_withdrawal_lacks_nothing_by_itself(ada):
    book_each([buy("a", "100", 0), buy("b", "-130", 1), pay("c", "-150", 2)], ada)
    assert usd() == (D(-20), D(100))


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        pytest.param(buy("late", "70", 1), (D(0), D(170)), id="a purchase"),
        pytest.param(pay("late", "500", -1), (D(400), D(0)), id="a deposit before all"),
        pytest.param(pay("late", "30", 1), (D(0), D(70)), id="a deposit after it"),
    ],
)
def test_a_late_fact_tells_the_story_anew(ada, late, expected):
    book_each([buy("a", "100", 0), buy("b", "-40", 3), buy("c", "40", 4)], ada)
    assert usd() == (D(0), D(100))
    book_each([late], ada)
    assert usd() == expected
    assert rebuilding.differences(Book.objects.get()) == []


def test_another_currency_is_owed_and_not_implied(ada):
    fee = replace(buy("c", "10", 2), fee=D("0.5"), fee_currency="CHF")
    book_each([buy("a", "100", 0), buy("b", "20", 1, "JADE-EUR"), fee], ada)
    rows = Balance.objects.order_by("currency")
    assert [(row.currency, row.available, row.implied) for row in rows] == [
        ("CHF", D("-0.5"), D(0)),
        ("EUR", D(-20), D(0)),
        ("USD", D(0), D(110)),
    ]


def test_a_rebate_lessens_what_its_trade_lacked(ada):
    """100 less 0.25: nobody paid in the quarter that came back with the trade."""
    book_each([replace(buy("a", "100", 0), fee=D("-0.25"))], ada)
    assert usd() == (D(0), D("99.75"))
    book = Book.objects.get()
    assert implied_funding(book) == D("99.75")
    assert rebuilding.differences(book) == []
    equity.rebuild(book.pk, datetime.now(UTC))
    assert EquityCurve.objects.get().funded == D("99.75")
    first = EquityPoint.objects.order_by("day")[0]
    assert (first.inflow, first.pnl, first.equity) == (D("99.75"), D("0.25"), D(100))


def lacked(facts) -> Decimal:
    """The rule again, for one currency and times that all differ."""
    cash = implied = D(0)
    deposited = False
    for fact in sorted(
        facts, key=lambda fact: getattr(fact, "at", None) or fact.executed_at
    ):
        if isinstance(fact, NewFill):
            cash += (fact.price if fact.side == "sell" else -fact.price) - fact.fee
            if not deposited and cash < 0:
                implied, cash = implied - cash, D(0)
            continue
        cash += fact.amount
        if fact.kind == "deposit":
            deposited = True
            repaid = min(implied, fact.amount)
            implied, cash = implied - repaid, cash - repaid
    return implied


@pytest.mark.parametrize("seed", range(12))
def test_in_whatever_order_facts_arrive_the_balance_is_the_same(ada, seed):
    draw = random.Random(seed)
    facts: list[NewFill | NewTransfer] = []
    for day in range(12):
        amount = str(draw.randint(1, 90))
        if draw.random() < 0.25:
            sign = "" if draw.random() < 0.6 else "-"
            facts.append(pay(f"t{day}", sign + amount, day))
        else:
            sign = "" if draw.random() < 0.7 else "-"
            fee = D(draw.choice(("0", "0.5", "-0.25")))
            facts.append(replace(buy(f"f{day}", sign + amount, day), fee=fee))
    arriving = draw.sample(facts, len(facts))
    for count in range(1, len(arriving) + 1):
        book_each([arriving[count - 1]], ada)
        row = Balance.objects.get(currency="USD")
        assert row.implied == lacked(arriving[:count])
    book = Book.objects.get()
    rebuilding.rebuild(book)
    assert Balance.objects.get(currency="USD").implied == lacked(facts)
    assert implied_funding(book) == lacked(facts)
