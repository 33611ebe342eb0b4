"""What is not yours and what is not there cannot be told apart."""

from __future__ import annotations

import re
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from trades.domain.facts import NewFill
from trades.models import Book, Fill
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills


@pytest.fixture
def adas(person: Any) -> Fill:
    ada = person("ada", "Trader")
    create_book(NewBook("ada-main", "USD"), ada)
    new = NewFill(
        external_id="f1",
        symbol="BTC-USD",
        side="buy",
        quantity=Decimal(1),
        price=Decimal(100),
        executed_at=datetime(2026, 1, 5, tzinfo=UTC),
    )
    return book_fills([new], ada).fills[0]


def seen(client: Any, path: str, there: str) -> tuple[int, str]:
    """Status and body, with what must differ taken out."""
    answer = client.get(path)
    body = answer.content.decode().replace(answer["X-Request-ID"], "ID")
    body = re.sub(r'"timestamp":"[^"]+"', "", body)
    # Of each answer anew, whatever it says.
    body = re.sub(r'(nonce|name="csrfmiddlewaretoken" value)="[^"]+"', "", body)
    body = re.sub(r"X-CSRFToken&quot;: &quot;\w+", "", body)
    return answer.status_code, body.replace(there, "THERE")


@pytest.mark.parametrize("path", ["/api/trades/{}", "/trades/{}/"])
def test_anothers_trade_looks_like_no_trade(
    adas: Fill, person: Any, client_of: Any, path: str
) -> None:
    client = client_of(person("mallory", "Trader"))
    theirs = seen(client, path.format(adas.pk), f"/{adas.pk}")
    nothing = seen(client, path.format(987_654_321), "/987654321")
    assert theirs == nothing
    assert theirs[0] == 404


@pytest.mark.parametrize("path", ["/api/trades?book={}", "/api/portfolio?book={}"])
def test_anothers_book_looks_like_no_book(
    adas: Fill, person: Any, client_of: Any, path: str
) -> None:
    client = client_of(person("mallory", "Trader"))
    book = Book.objects.get()
    assert book.name == "ada-main"
    for theirs, nothing in (("ada-main", "no-such"), (str(book.pk), "987654321")):
        assert seen(client, path.format(theirs), f"'{theirs}'") == seen(
            client, path.format(nothing), f"'{nothing}'"
        )


def test_its_owner_sees_it(adas: Fill, client_of: Any) -> None:
    client = client_of(Book.objects.get().owner)
    assert client.get(f"/api/trades/{adas.pk}").status_code == 200


def test_a_preview_that_is_not_there(person: Any, client_of: Any, db: None) -> None:
    client = client_of(person("mallory", "Trader"))
    assert client.get(f"/trades/import/{uuid.uuid4()}/").status_code == 404
