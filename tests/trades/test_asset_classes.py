"""Cash or lots: what a transfer moves does not depend on what was booked before it."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from kernel.numbers import text
from tests.trades.conftest import START
from trades.domain.facts import NewFill, NewTransfer
from trades.models import (
    Balance,
    Book,
    FactStatus,
    Fill,
    Instrument,
    Lot,
    Position,
    Transfer,
)
from trades.services.books import NewBook, create_book, locked
from trades.services.fills import book_fills
from trades.services.rebuilding import differences
from trades.services.rematching import settle
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db


def book_each(facts: Sequence[NewFill | NewTransfer], by: Any) -> None:
    for fact in facts:
        if isinstance(fact, NewFill):
            book_fills([fact], by)
        else:
            book_transfers([fact], by)


def standing(book: Book) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """(what is held, what it cost with fees, cash and what was realised)"""
    positions = Position.objects.filter(book=book).select_related("instrument")
    held = {row.instrument.symbol: text(row.quantity) for row in positions}
    cost = {row.instrument.symbol: text(row.amount + row.fee) for row in positions}
    balances = Balance.objects.filter(book=book)
    cash = {row.currency: f"{text(row.cash)} {text(row.realised)}" for row in balances}
    return held, cost, {name: both for name, both in cash.items() if both != "0 0"}


@pytest.fixture
def facts(make_fill: Callable[..., NewFill], make_move: Callable[..., NewTransfer]):
    """Five coins came for 50; two are bought at 12, four sold at 20, one leaves."""
    day = {"symbol": "OPAL-USD"}
    return [
        make_move("m1", "deposit", "OPAL", "5", day=1, cost=Decimal(50)),
        make_fill("f1", "buy", "2", "12", day=2, **day),
        make_fill("f2", "sell", "4", "20", day=3, **day),
        make_move("m2", "withdrawal", "OPAL", "-1", day=4),
    ]


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_coins_are_lots_whatever_was_booked_first(ada, book, facts, order):
    book_each([facts[index] for index in order], ada)
    assert standing(book) == (
        {"OPAL-USD": "2"},
        {"OPAL-USD": "24"},
        {"USD": "56 40"},
    )
    assert differences(book) == []


def test_coins_are_cash_until_the_book_trades_them(ada, book, facts):
    book_each([facts[0], facts[3]], ada)
    assert standing(book) == ({}, {}, {"OPAL": "4 0"})
    assert not Lot.objects.exists()


def test_they_are_lots_where_the_instrument_is_named(ada, book, make_move):
    move = make_move("m1", "deposit", "OPAL", "5", symbol="OPAL-EUR", cost=Decimal(5))
    book_each([move], ada)
    assert standing(book) == ({"OPAL-EUR": "5"}, {"OPAL-EUR": "5"}, {})


def test_the_base_currency_is_cash_even_where_it_is_traded(
    ada, book, make_fill, make_move
):
    fill = make_fill("f1", "buy", "10", "0.5", symbol="USD-EUR")
    book_each([fill, make_move("m1", "deposit", "USD", "7", day=1)], ada)
    held, _, cash = standing(book)
    assert (held, cash["USD"]) == ({"USD-EUR": "10"}, "7 0")


def test_what_is_traded_in_another_book_is_cash_in_this(
    ada, book, make_fill, make_move
):
    other = create_book(NewBook("ada-other", "USD"), ada)
    book_fills([make_fill("f1", "buy", "1", "100", book=other.name)], ada)
    book_transfers([make_move("m1", "deposit", "BTC", "2", book=book.name)], ada)
    assert standing(book) == ({}, {}, {"BTC": "2 0"})


def test_the_instrument_in_the_base_currency_takes_over_from_another(
    ada, book, make_fill, make_move
):
    """First OPAL trades in EUR only, then in USD, the book's base currency."""
    move = make_move("m1", "deposit", "OPAL", "5", cost=Decimal(50))
    book_each([make_fill("f1", "buy", "1", "9", symbol="OPAL-EUR", day=1), move], ada)
    assert standing(book)[0] == {"OPAL-EUR": "6"}
    book_each([make_fill("f2", "buy", "1", "10", symbol="OPAL-USD", day=2)], ada)
    assert standing(book)[0] == {"OPAL-EUR": "1", "OPAL-USD": "6"}
    assert differences(book) == []


def test_a_fee_in_coins_is_paid_from_lots_however_they_came(
    ada, book, make_fill, make_move
):
    """A fee of 0.5 BNB, worth 300 each, of which ten were bought for 2,500."""
    bought = make_fill("b1", "buy", "10", "250", symbol="BNB-USD", day=1)
    again = make_fill("b2", "buy", "1", "300", symbol="BNB-USD", day=2)
    paying = make_fill(
        "f1", "buy", "1", "100", day=3, fee=Decimal("0.5"), fee_currency="BNB"
    )
    book_each([bought, again, paying], ada)
    expected = (
        {"BNB-USD": "10.5", "BTC-USD": "1"},
        {"BNB-USD": "2675", "BTC-USD": "250"},
        {"USD": "-2900 25"},
    )
    assert standing(book) == expected
    assert differences(book) == []


def test_a_fee_that_was_cash_is_lots_once_the_coins_are_traded(ada, book, make_fill):
    paying = make_fill(
        "f1", "buy", "1", "100", day=3, fee=Decimal("0.5"), fee_currency="BNB"
    )
    book_each([paying], ada)
    assert standing(book)[2] == {"BNB": "-0.5 0", "USD": "-100 0"}
    book_each([make_fill("b1", "buy", "10", "250", symbol="BNB-USD", day=1)], ada)
    held, _, cash = standing(book)
    assert (held["BNB-USD"], cash) == ("9.5", {"USD": "-2600 0"})
    assert differences(book) == []


def test_without_the_last_trade_of_an_instrument_its_coins_are_cash_again(
    ada, book, facts
):
    book_each(facts, ada)
    fills = list(Fill.objects.select_related("instrument"))
    for fill in fills:
        fill.becomes = FactStatus.VOIDED
    settle(locked(book), fills=fills)
    assert standing(book) == ({}, {}, {"OPAL": "4 0"})
    assert differences(book) == []


def test_trades_and_transfers_that_go_together_leave_nothing(ada, book, facts):
    book_each(facts, ada)
    fills = list(Fill.objects.select_related("instrument"))
    transfers = list(Transfer.objects.select_related("instrument"))
    for fact in (*fills, *transfers):
        fact.becomes = FactStatus.UNDONE
    settle(locked(book), fills=fills, transfers=transfers)
    assert standing(book) == ({}, {}, {})
    assert differences(book) == []


def test_a_fill_that_comes_to_count_moves_what_came_before_it(ada, book, facts):
    book_each(facts[:2], ada)
    Fill.objects.update(status=FactStatus.REMATCHING)
    instrument = Instrument.objects.get()
    settle(locked(book), pairs={instrument: START - timedelta(days=1)})
    fill = Fill.objects.select_related("instrument").get()
    fill.becomes = FactStatus.BOOKED
    settle(locked(book), fills=[fill])
    assert standing(book)[0] == {"OPAL-USD": "7"}
