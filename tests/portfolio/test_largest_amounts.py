"""The largest numbers that are taken, again and again: each fact is booked or refused in
words, whatever was booked can be read and taken back, and no book stands still."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from kernel.numbers import INTEGER_DIGITS
from portfolio.models import EquityCurve
from portfolio.services import equity
from trades.models import Fill, Transfer
from trades.services.books import NewBook, create_book

pytestmark = pytest.mark.django_db
LARGEST = "9" * INTEGER_DIGITS
AT = "2026-03-0{}T12:00:00Z"
READS = (
    *("/api/portfolio", "/api/portfolio/positions", "/api/portfolio/lots"),
    *("/api/performance", "/api/performance/monthly", "/api/trades", "/api/stats"),
    *(
        "/api/performance/by-symbol",
        "/api/performance/drawdowns",
        "/portfolio/lots.csv",
    ),
    *("/api/portfolio/reconciliation", "/api/transfers", "/", "/portfolio/"),
    *("/performance/", "/trades/"),
)
EXPORTS = ("/api/performance/pdf", "/trades/trades.csv", "/trades/trades.jsonl")


@pytest.fixture
def client(client_of: Callable[[User], Client], ada: User) -> Client:
    create_book(NewBook("Main", "USD", "UTC", allow_short=True), ada)
    return client_of(ada)


def post(client: Client, path: str, **body: Any) -> Any:
    return client.post(path, body, content_type="application/json")


def trade(client: Client, name: str, **more: str) -> Any:
    body = {"symbol": "AAA", "side": "buy", "quantity": "1", "price": "1"} | more
    day = {"external_id": name, "book": "Main", "executed_at": AT.format(1)}
    return post(client, "/api/trades", **{**day, **body})


def move(client: Client, name: str, kind: str, amount: str) -> Any:
    body = {"external_id": name, "kind": kind, "asset": "USD", "amount": amount}
    return post(client, "/api/transfers", book="Main", at=AT.format(2), **body)


def readable(client: Client, reads: tuple[str, ...] = READS) -> None:
    equity.catch_up(timezone.now())
    for path in reads:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.content)
        b"".join(answer) if answer.streaming else answer.content


def test_the_largest_fills_follow_one_another(client: Client) -> None:
    for name, more in (
        ("a", {"price": LARGEST}),
        ("b", {"quantity": LARGEST, "symbol": "BBB"}),
        ("c", {"quantity": "9" * 11, "price": "9" * 9, "fee": LARGEST}),
        ("d", {"symbol": "CCC", "side": "sell", "price": LARGEST}),
        ("e", {}),
    ):
        assert trade(client, name, **more).status_code == 201, name
        readable(client)
    readable(client, EXPORTS)
    cash = client.get("/api/portfolio").json()["cash_balance"]
    # What the purchases lacked came in; the sale brought the largest, the last cost 1.
    assert Decimal(cash) == Decimal(LARGEST) - 1


def test_the_largest_deposits_add_up_and_are_taken_back(client: Client) -> None:
    for name in "abc":
        assert move(client, name, "deposit", LARGEST).status_code == 201
    readable(client)
    assert client.get("/api/portfolio").json()["cash_balance"] == str(3 * int(LARGEST))
    for pk in Transfer.objects.values_list("pk", flat=True):
        path = f"/api/transfers/{pk}/void"
        assert post(client, path, reason="a typing error").status_code == 200
        readable(client)
    assert client.get("/api/portfolio").json()["cash_balance"] == "0"


def test_what_is_worth_more_than_can_be_added_up_is_in_no_total_and_says_so(
    client: Client,
) -> None:
    trade(client, "a", quantity="9" * 15, price="1")
    said = {"symbol": "AAA", "price": LARGEST, "at": AT.format(3), "source": "x"}
    assert post(client, "/api/prices", prices=[said]).status_code == 201
    readable(client)
    answer = client.get("/api/portfolio").json()
    assert (answer["total_equity"], answer["reasons"]["total_equity"]) == (
        None,
        "out_of_range",
    )
    readable(client, EXPORTS)
    curve = EquityCurve.objects.get()
    assert curve.computed_at is not None
    [fill] = Fill.objects.all()
    voided = post(client, f"/api/trades/{fill.pk}/void", reason="a typing error")
    assert voided.status_code == 200
    readable(client)
    assert client.get("/api/portfolio").json()["total_equity"] == "0"


def test_what_no_column_holds_is_refused_in_words_and_nothing_is_written(
    client: Client,
) -> None:
    """Splits multiply without an end; what is given has one."""
    trade(client, "a", quantity=LARGEST, price="0.0000001")
    answers = []
    for day in (3, 4, 5, 6):
        many = {"symbol": "AAA", "numerator": 1_000_000, "denominator": 1}
        answers.append(post(client, "/api/splits", at=AT.format(day), **many))
        readable(client)
    refused = answers[-1]
    assert refused.status_code == 422, refused.content
    assert refused.json()["type"] == "urn:rrr:problem:range"
    assert "nothing was written" in refused.json()["detail"]


def test_a_file_of_the_largest_is_looked_at_and_booked(client: Client) -> None:
    lines = ["external_id,symbol,side,quantity,price,executed_at"]
    lines += [f"f{n},AAA,buy,1,{LARGEST},{AT.format(1)}" for n in range(3)]
    from django.core.files.uploadedfile import SimpleUploadedFile

    for dry in ("true", "false"):
        file = SimpleUploadedFile("own.csv", "\n".join(lines).encode(), "text/csv")
        form = {"file": file, "book": "Main", "format": "own", "dry_run": dry}
        answer = client.post("/api/trades/import", form)
        assert answer.status_code in {200, 201, 202}, answer.content
