"""What others say that the books hold, beside what is booked, in API and page."""

from __future__ import annotations

from decimal import Decimal

import pytest

from portfolio.queries.books import scope
from portfolio.queries.reconciliation import reconciliation
from portfolio.views import pages
from tests.portfolio.conftest import deposit, fill, when
from trades.domain.facts import NewBalance
from trades.models import BalanceStatement, Book, Fill
from trades.services.importing import import_for
from trades.services.previewing import Source
from trades.services.statements import state_balance
from trades.services.undoing import undo

D = Decimal


@pytest.fixture
def statements(ada, record):
    """Two assets, each stated at two times; one sale of the last day lacks a coin."""
    record(
        [
            fill(
                "r1", "buy", "8", "45", "2025-09-02 10:00", fee="0.4", symbol="JADE-USD"
            ),
            fill(
                "r2",
                "sell",
                "3",
                "48",
                "2025-09-04 10:00",
                fee="0.2",
                symbol="JADE-USD",
            ),
        ],
        [deposit("r0", "700", "2025-09-01 08:00")],
    )
    for asset, amount, at in (
        ("USD", "339.6", "2025-09-02 12:00"),
        ("JADE", "8", "2025-09-02 12:00"),
        ("USD", "483.4", "2025-09-05 12:00"),
        ("JADE", "4.75", "2025-09-05 12:00"),
    ):
        said = NewBalance(asset=asset, amount=D(amount), at=when(at), book="Main")
        state_balance(said, ada)


def test_each_asset_is_compared_at_its_newest_statement(ada, client_of, statements):
    answer = client_of(ada).get("/api/portfolio/reconciliation?book=Main").json()
    jade, usd = answer["assets"]
    assert (jade["asset"], jade["stated"], jade["booked"]) == ("JADE", "4.75", "5")
    assert (jade["difference"], jade["agrees"]) == ("-0.25", False)
    assert jade["parts_at"] == {
        "kind": "trade",
        "id": str(Fill.objects.get(external_id="r2").pk),
        "external_id": "r2",
        "timestamp": "2025-09-04T10:00:00Z",
    }
    assert [line["difference"] for line in jade["statements"]] == ["-0.25", "0"]
    assert (usd["difference"], usd["agrees"], usd["parts_at"]) == ("0", True, None)


def test_the_page_says_where_they_part(ada, client_of, statements):
    client = client_of(ada)
    page = client.get("/portfolio/reconciliation/").content.decode()
    trade = Fill.objects.get(external_id="r2")
    assert f'href="/trades/{trade.pk}/">trade r2</a>' in page
    assert "−0.25" in page
    assert page.index("JADE</h2>") < page.index("USD</h2>"), "what differs stands first"
    assert "/portfolio/reconciliation/" in client.get("/portfolio/").content.decode()


def test_the_portfolio_page_shows_what_differs(ada, client_of, statements):
    page = client_of(ada).get("/portfolio/").content.decode()
    card = page[page.index("<h2>Reconciliation</h2>") :]
    trade = Fill.objects.get(external_id="r2")
    assert "JADE" in card
    assert '<span class="loss nowrap">−0.25</span>' in card
    assert f'href="/trades/{trade.pk}/">trade r2</a>' in card
    assert "1 stated balance agrees." in card


def test_books_with_too_many_facts_are_named_and_not_walked(
    ada, client_of, statements, monkeypatch
):
    book = Book.objects.get(name="Main")
    assert not reconciliation(scope(ada), most=3).left_out  # two fills, one deposit
    compared = reconciliation(scope(ada), most=2)
    assert (compared.left_out, compared.rows) == ((book,), ())
    monkeypatch.setattr(pages, "CARD_FACTS", 2)
    page = client_of(ada).get("/portfolio/").content.decode()
    assert "Too long to be compared here: Main." in page


def test_what_an_undone_file_stated_counts_no_more(ada, client_of, statements):
    content = (
        b"external_id,symbol,side,quantity,price,executed_at\n"
        b"i1,JADE-USD,buy,1,40,2025-09-06T10:00:00Z\n"
    )
    source = Source(content=content, file_name="late.csv", book="Main")
    batch = import_for(source, ada).batch
    assert batch is not None
    BalanceStatement.objects.filter(asset="JADE").update(batch=batch)
    undo(batch, "the wrong file", ada)
    answer = client_of(ada).get("/api/portfolio/reconciliation").json()
    assert [row["asset"] for row in answer["assets"]] == ["USD"]


def test_implied_funding_is_cash_that_is_there(ada, client_of, record):
    record([fill("u1", "buy", "2", "30", "2025-09-02 10:00")], name="Unpaid")
    said = NewBalance(asset="USD", amount=D(0), at=when("2025-09-03"), book="Unpaid")
    state_balance(said, ada)
    (usd,) = client_of(ada).get("/api/portfolio/reconciliation").json()["assets"]
    assert (usd["booked"], usd["agrees"]) == ("0", True)


def test_an_asset_that_no_fact_names_differs_at_no_fact(ada, client_of, record):
    record([fill("u1", "buy", "2", "30", "2025-09-02 10:00")])
    said = NewBalance(asset="OPAL", amount=D(3), at=when("2025-09-03"), book="Main")
    state_balance(said, ada)
    (opal,) = client_of(ada).get("/api/portfolio/reconciliation").json()["assets"]
    assert (opal["booked"], opal["difference"], opal["parts_at"]) == ("0", "3", None)


def test_without_statements_the_page_says_what_would_bring_one(ada, client_of, record):
    record([fill("u1", "buy", "2", "30", "2025-09-02 10:00")])
    client = client_of(ada)
    assert client.get("/api/portfolio/reconciliation").json()["assets"] == []
    page = client.get("/portfolio/reconciliation/").content.decode()
    assert "Nobody has stated a balance yet" in page


def test_another_persons_statements_are_not_seen(person, client_of, statements):
    client = client_of(person("mallory", "Trader"))
    assert client.get("/api/portfolio/reconciliation").json()["assets"] == []
    assert client.get("/api/portfolio/reconciliation?book=Main").status_code == 404
    assert client.get("/portfolio/reconciliation/?book=Main").status_code == 404


def test_cash_of_any_currency_is_compared_and_a_transfer_may_be_where_they_part(
    ada, client_of, record
):
    record(
        [fill("u1", "buy", "2", "30", "2025-09-02 10:00", fee="1", fee_currency="CHF")],
        [deposit("f1", "7", "2025-09-03", "CHF")],
    )
    said = NewBalance(asset="CHF", amount=D(5), at=when("2025-09-04"), book="Main")
    state_balance(said, ada)
    (francs,) = client_of(ada).get("/api/portfolio/reconciliation").json()["assets"]
    assert (francs["booked"], francs["difference"]) == ("6", "-1")
    assert francs["parts_at"]["external_id"] == "u1"
    said = NewBalance(
        asset="CHF", amount=D(-1), at=when("2025-09-02 12:00"), book="Main"
    )
    state_balance(said, ada)
    (francs,) = client_of(ada).get("/api/portfolio/reconciliation").json()["assets"]
    parts = francs["parts_at"]
    assert (parts["kind"], parts["external_id"]) == ("transfer", "f1")
    page = client_of(ada).get("/portfolio/reconciliation/").content.decode()
    assert "deposit f1" in page
