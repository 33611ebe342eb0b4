"""Bodies at the edges, posted one by one: what must stand after each, who says what is
held, and what a split leaves of three books."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import User
from tests.shared.conftest import SHARED
from tests.shared.edges import TRADES, table
from trades.models import Book
from trades.services.rebuilding import differences

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(not (SHARED / "data" / "edges").is_dir(), reason="no edges"),
]


@pytest.fixture
def trader(person: Callable[..., User], client_of: Callable[[User], Client]) -> Client:
    return client_of(person("ada", "Trader"))


def steps(client: Client, name: str) -> Iterator[str]:
    """Post the books, then each step; yields the step's external id."""
    document = json.loads((TRADES / name).read_text())
    for book in document["books"]:
        _post(client, "/api/books", book)
    for step in document["steps"]:
        _post(client, step["path"], step["body"])
        yield str(step["body"].get("external_id", ""))


def _post(client: Client, path: str, body: object) -> None:
    answer = client.post(path, json.dumps(body), content_type="application/json")
    assert answer.status_code in (200, 201), answer.content


def test_deposits_repay_what_was_implied_fact_by_fact(trader: Client) -> None:
    wanted = {row["after"]: row for row in table("implied_repaid.json, fact by fact")}
    for name in steps(trader, "implied_repaid.json"):
        said = trader.get("/api/portfolio").json()
        for ours, theirs in (
            ("cash_balance", "cash"),
            ("implied_funding", "implied funding"),
            ("total_equity", "equity"),
        ):
            assert Decimal(said[ours]) == Decimal(wanted[name][theirs]), (name, ours)
    assert differences(Book.objects.get()) == []


def test_stated_balances_part_where_they_do(trader: Client) -> None:
    for _ in steps(trader, "stated_balances.json"):
        pass
    said = trader.get("/api/portfolio/reconciliation").json()["assets"]
    for asset in said:
        wanted = [
            row
            for row in table("stated_balances.json: ours beside theirs")
            if row["asset"] == asset["asset"]
        ]
        assert [
            (
                stated["timestamp"][5:16].replace("T", " "),
                Decimal(stated["booked"]),
                Decimal(stated["stated"]),
                Decimal(stated["difference"]),
            )
            for stated in sorted(asset["statements"], key=lambda row: row["timestamp"])
        ] == [
            (
                row["at"],
                Decimal(row["ours"]),
                Decimal(row["theirs"]),
                Decimal(row["difference"]),
            )
            for row in wanted
        ]
        assert asset["parts_at"]["external_id"] == wanted[-1]["they part at"].split()[0]
    assert {asset["asset"] for asset in said} == {"USD", "PERIDOT"}


@pytest.mark.parametrize(
    "row",
    table("split_prices.json, all three books after the last fact"),
    ids=lambda row: row["book"],
)
def test_a_split_in_three_books(trader: Client, row: dict[str, str]) -> None:
    for _ in steps(trader, "split_prices.json"):
        pass
    (held,) = trader.get(f"/api/portfolio/positions?book={row['book']}").json()[
        "positions"
    ]
    assert (
        Decimal(held["size"]),
        Decimal(held["cost"]),
        Decimal(held["current_price"]),
        Decimal(held["unrealized_pnl"]),
    ) == tuple(Decimal(row[name]) for name in ("FLINT", "cost", "mark", "unrealised"))
    said = trader.get(f"/api/portfolio?book={row['book']}").json()
    for ours, theirs in (
        ("realized_pnl", "realised"),
        ("cash_balance", "cash"),
        ("implied_funding", "implied funding"),
        ("total_pnl", "total P&L"),
        ("total_equity", "equity"),
    ):
        assert Decimal(said[ours]) == Decimal(row[theirs]), ours
    assert differences(Book.objects.get(name=row["book"])) == []
