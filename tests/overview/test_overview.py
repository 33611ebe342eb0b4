"""The first page: what each person may see, most urgent first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import User
from tests import breaches
from trades.domain.facts import NewFill, NewTransfer
from trades.models import Lot
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.transfers import book_transfers

Person = Callable[..., User]
ClientOf = Callable[[User], Client]


def page(client: Client) -> str:
    answer = client.get("/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_empty_product_says_empty(person: Person, client_of: ClientOf) -> None:
    text = page(client_of(person("tom", "Trader")))
    assert "No decision is recorded yet." in text
    assert "Nothing waits for you right now." in text
    assert "Health" not in text.split('id="main"')[1]


def test_an_operator_sees_the_firing_alert_and_health_but_no_money(
    person: Person, client_of: ClientOf
) -> None:
    breaches.look(datetime.now(UTC), seconds=60)
    text = page(client_of(person("olga", "Operator")))
    assert "P2 High memory usage on host" in text
    assert "Audit log" in text
    assert "Net asset value" not in text


def test_a_trader_sees_only_own_money(person: Person, client_of: ClientOf) -> None:
    tom, tina = person("tom", "Trader"), person("tina", "Trader")
    book = create_book(NewBook("main", "USD"), tom, tom)
    at = datetime(2026, 1, 2, tzinfo=UTC)
    book_transfers(
        [
            NewTransfer(
                book=book.name,
                external_id="d1",
                kind="deposit",
                asset="USD",
                amount=Decimal(1000),
                at=at,
            )
        ],
        tom,
    )
    assert "1,000.00" in page(client_of(tom))
    assert "1,000.00" not in page(client_of(tina))


def test_a_second_poll_is_a_304_until_something_changes(
    person: Person,
    client_of: ClientOf,
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    client = client_of(person("olga", "Operator"))
    etag = client.get("/")["ETag"]
    assert client.get("/", headers={"If-None-Match": etag}).status_code == 304
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        breaches.look(datetime.now(UTC))
    assert client.get("/", headers={"If-None-Match": etag}).status_code == 200


@pytest.fixture
def traded(person: Person) -> None:
    tom = person("tom", "Trader")
    book = create_book(NewBook("main", "USD"), tom, tom)
    at = datetime(2026, 1, 2, tzinfo=UTC)
    book_fills(
        [
            NewFill(
                book=book.name,
                external_id=f"f{number}",
                symbol="BTC-USD",
                side=side,
                quantity=Decimal("0.5"),
                price=Decimal(price),
                executed_at=at + timedelta(hours=number),
            )
            for number, (side, price) in enumerate(
                [("buy", 100), ("buy", 110), ("sell", 120)]
            )
        ],
        tom,
    )


def rebuilt(*words: str) -> str:
    out = StringIO()
    call_command("rebuild_portfolio", *words, stdout=out)
    return out.getvalue()


def test_a_rebuild_finds_what_is_stored(traded: None) -> None:
    assert "1 book compared, 0 differences" in rebuilt("--check")


def test_a_check_fails_on_a_lot_that_the_facts_do_not_give(traded: None) -> None:
    Lot.objects.filter(remaining_quantity__gt=0).update(
        remaining_quantity=Decimal("0.4")
    )
    with pytest.raises(CommandError):
        rebuilt("--check")
    rebuilt()
    assert "0 differences" in rebuilt("--check")
