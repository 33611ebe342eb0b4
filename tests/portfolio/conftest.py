"""A book with a history, and the demo desk once for the tests that need size."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from accounts.models import User
from portfolio.services import equity
from trades.domain.facts import NewFill, NewPrice, NewTransfer
from trades.models import Book
from trades.services.books import NewBook, create_book
from trades.services.recording import record_history


def when(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fill(
    name: str, side: str, quantity: str, price: str, at: str, **more: str
) -> NewFill:
    fee = Decimal(more.pop("fee", "0"))
    symbol = more.pop("symbol", "BTC-USD")
    return NewFill(
        external_id=name,
        symbol=symbol,
        side=side,
        quantity=Decimal(quantity),
        price=Decimal(price),
        executed_at=when(at),
        fee=fee,
        **more,  # type: ignore[arg-type]
    )


def deposit(name: str, amount: str, at: str, asset: str = "USD") -> NewTransfer:
    kind = "withdrawal" if amount.startswith("-") else "deposit"
    return NewTransfer(
        external_id=name,
        kind=kind,
        asset=asset,
        amount=Decimal(amount),
        at=when(at),
    )


def price(symbol: str, value: str, at: str) -> NewPrice:
    return NewPrice(symbol=symbol, at=when(at), price=Decimal(value), source="test")


Record = Callable[..., Book]


@pytest.fixture
def ada(person: Callable[..., User]) -> User:
    """A trader with a book of her own."""
    return person("ada", "Trader")


@pytest.fixture
def record(ada: User) -> Record:
    """record([fills], [transfers], [prices], name="Main", ...) -> the Book, with its
    curve as the job makes it unless computed=False."""

    def make(
        fills: list[NewFill],
        transfers: list[NewTransfer] | None = None,
        prices: list[NewPrice] | None = None,
        *,
        name: str = "Main",
        owner: User | None = None,
        currency: str = "USD",
        allow_short: bool = False,
        zone: str = "UTC",
        computed: bool = True,
    ) -> Book:
        by = owner or ada
        book = Book.objects.filter(name=name).first() or create_book(
            NewBook(name, currency, zone, allow_short=allow_short), by
        )
        record_history(book, fills, transfers or [], prices or [], [], by)
        if computed:
            equity.catch_up(timezone.now())
        return book

    return make
