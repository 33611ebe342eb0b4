"""Ada trades in her book; Mallory has one of her own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import User
from rrr_dashboard import shell
from trades.domain.facts import NewFill, NewSplit, NewTransfer
from trades.models import Book
from trades.services.books import NewBook, create_book

START = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def steady_counts(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the shell counts stays for the whole test, whatever is written."""
    monkeypatch.setattr(shell, "counts", dict)


@pytest.fixture
def ada(person: Callable[..., User]) -> User:
    return person("ada", "Trader")


@pytest.fixture
def mallory(person: Callable[..., User]) -> User:
    return person("mallory", "Trader")


@pytest.fixture
def keeper(person: Callable[..., User]) -> User:
    """Keeps the prices that count for every book."""
    return person("kay", "Administrator")


@pytest.fixture
def book(ada: User) -> Book:
    return create_book(NewBook("ada-main", "USD"), ada)


@pytest.fixture
def make_fill() -> Callable[..., NewFill]:
    """make_fill("f1", "buy", "2", "100", day=3) -> a NewFill of BTC-USD."""

    def make(
        external_id: str,
        side: str,
        quantity: str,
        price: str,
        day: int = 0,
        **more: Any,
    ) -> NewFill:
        values: dict[str, Any] = {
            "external_id": external_id,
            "symbol": "BTC-USD",
            "side": side,
            "quantity": Decimal(quantity),
            "price": Decimal(price),
            "executed_at": START + timedelta(days=day),
            **more,
        }
        return NewFill(**values)

    return make


@pytest.fixture
def make_split() -> Callable[..., NewSplit]:
    """make_split(2, 1, day=3) -> a NewSplit of BTC-USD."""

    def make(
        numerator: int, denominator: int = 1, day: int = 0, **more: Any
    ) -> NewSplit:
        values: dict[str, Any] = {
            "symbol": "BTC-USD",
            "at": START + timedelta(days=day),
            "numerator": numerator,
            "denominator": denominator,
            **more,
        }
        return NewSplit(**values)

    return make


@pytest.fixture
def make_move() -> Callable[..., NewTransfer]:
    """make_move("t1", "deposit", "USD", "1000", day=0) -> a NewTransfer."""

    def make(
        external_id: str, kind: str, asset: str, amount: str, day: int = 0, **more: Any
    ) -> NewTransfer:
        at = START + timedelta(days=day)
        return NewTransfer(
            external_id=external_id,
            kind=kind,
            asset=asset,
            amount=Decimal(amount),
            at=at,
            **more,
        )

    return make
