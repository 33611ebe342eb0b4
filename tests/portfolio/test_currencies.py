"""Books in several currencies: converted at their time, or null with the reason."""

from __future__ import annotations

from decimal import Decimal

import pytest

from portfolio.queries import sizes
from portfolio.queries.books import scope
from tests.portfolio.conftest import deposit, fill, price
from tests.portfolio.test_portfolio_api import days_ago

D = Decimal


@pytest.fixture
def books(record):
    """1,000 dollars, and 100 euros of which 50 are in ETH that doubled."""
    record([], [deposit("d1", "1000", days_ago(5))], name="Dollar")
    record([], [deposit("d1", "10", days_ago(5))], name="Dollar too")
    record(
        [fill("e1", "buy", "1", "50", days_ago(4), symbol="ETH-EUR")],
        [deposit("d1", "100", days_ago(5), "EUR")],
        [price("ETH-EUR", "100", days_ago(2))],
        name="Euro",
        currency="EUR",
    )


@pytest.fixture
def rate(record):
    """One euro was 1.10 dollars, and is 1.20 since the day before yesterday."""
    record(
        [],
        prices=[
            price("EUR-USD", "1.1", days_ago(6)),
            price("EUR-USD", "1.2", days_ago(2)),
        ],
        name="Dollar",
    )


def get(client, path: str, **query: str):
    return client.get(f"/api/{path}", query).json()


@pytest.mark.parametrize(
    "name", ["total_equity", "cash_balance", "invested", "total_pnl", "unrealized_pnl"]
)
def test_without_a_rate_no_total_exists(ada, client_of, books, name):
    assert get(client_of(ada), "portfolio")[name] is None


def test_without_a_rate_the_reason_is_told_and_each_currency_is_listed(
    ada, client_of, books
):
    found = get(client_of(ada), "portfolio")
    assert found["base_currency"] == "USD"
    assert found["reasons"]["total_equity"] == "no_fx"
    assert found["reasons"]["total_pnl_percent"] == "no_fx"
    assert [
        (books["currency"], books["total_equity"], books["total_pnl"])
        for books in found["by_currency"]
    ] == [("EUR", "150", "50"), ("USD", "1010", "0")]


def test_one_currency_lists_nothing_apart(ada, client_of, books):
    assert get(client_of(ada), "portfolio", book="Euro")["by_currency"] == []


def test_with_a_rate_all_is_added_at_todays(ada, client_of, books, rate):
    found = get(client_of(ada), "portfolio")
    assert D(found["total_equity"]) == 1010 + 150 * D("1.2")
    assert D(found["cash_balance"]) == 1010 + 50 * D("1.2")
    assert D(found["invested"]) == 100 * D("1.2")
    assert D(found["unrealized_pnl"]) == 50 * D("1.2")


def test_a_position_keeps_its_own_currency(ada, client_of, books, rate):
    (found,) = get(client_of(ada), "portfolio/positions")["positions"]
    assert (found["currency"], found["market_value"]) == ("EUR", "100")
    assert D(found["weight"]) == pytest.approx(D(120) / D(1190) * 100)


def test_shares_are_parts_of_the_converted_whole(ada, client_of, books, rate):
    rows = get(client_of(ada), "portfolio/allocation")["allocation"]
    worth = {(row["kind"], row["name"]): row["market_value"] for row in rows}
    assert worth[("position", "ETH-EUR")] == "120"
    assert worth[("cash", "EUR")] == "60"
    assert sum(D(row["weight"]) for row in rows) == pytest.approx(100)


def test_without_a_rate_a_share_has_no_weight(ada, client_of, books):
    rows = get(client_of(ada), "portfolio/allocation")["allocation"]
    by_name = {(row["kind"], row["name"]): row for row in rows}
    assert by_name[("position", "ETH-EUR")]["market_value"] is None
    assert {row["weight"] for row in rows} == {None}


def test_without_a_rate_performance_is_null_and_says_so(ada, client_of, books):
    found = get(client_of(ada), "performance", period="all")
    assert (found["reason"], found["total_return"]) == ("no_fx", None)
    assert {metric["reason"] for metric in found["metrics"].values()} == {"no_fx"}
    assert found["inputs"]["fills"] == 1  # what was read is told all the same


@pytest.mark.parametrize(
    ("path", "noun"),
    [
        ("performance/monthly", "months"),
        ("performance/drawdowns", "drawdowns"),
        ("performance/by-strategy", "strategies"),
        ("performance/by-symbol", "symbols"),
        ("performance/equity-curve", "data"),
    ],
)
def test_without_a_rate_every_table_is_empty(ada, client_of, books, path, noun):
    assert get(client_of(ada), path, period="all")[noun] == []


def test_the_page_says_which_books_can_be_chosen(ada, client_of, books):
    page = client_of(ada).get("/performance/?period=all").content.decode()
    assert "no rate is known for every day" in page
    assert "book=Euro" in page
    board = client_of(ada).get("/portfolio/").content.decode()
    assert "The books are kept in different currencies" in board
    assert "no exchange rate is known" in board


def test_with_a_rate_the_move_of_the_currency_is_a_return(ada, client_of, books, rate):
    found = get(client_of(ada), "performance", period="all")
    # 100 euros came in at 1.10; they are 150 at 1.20
    assert D(found["total_return"]) == 150 * D("1.2") - 100 * D("1.1")
    assert found["reason"] is None


def test_each_day_is_converted_at_its_own_rate(ada, client_of, books, rate):
    found = get(client_of(ada), "performance/equity-curve", period="all")
    equity = [D(point["equity"]) for point in found["data"]]
    assert equity[0] == 1010 + 100 * D("1.1")
    assert equity[-1] == 1010 + 150 * D("1.2")
    assert found["current_equity"] == get(client_of(ada), "portfolio")["total_equity"]


@pytest.mark.parametrize("query", [{"interval": "1h"}, {"period": "4h"}])
def test_a_finer_curve_needs_one_currency(ada, client_of, books, rate, query):
    found = get(client_of(ada), "performance/equity-curve", **query)
    assert (found["reason"], found["data"]) == ("mixed_currencies", [])
    alone = get(client_of(ada), "performance/equity-curve", book="Euro", **query)
    assert (alone["reason"], alone["current_equity"]) == (None, "150")


def test_hours_need_one_currency_too(ada, client_of, books, rate):
    found = get(client_of(ada), "performance", period="4h")
    assert found["metrics"]["total_return"]["reason"] == "mixed_currencies"
    alone = get(client_of(ada), "performance", period="4h", book="Euro")
    assert alone["metrics"]["total_return"]["value"] == "0"


def test_the_inverse_of_a_price_is_a_rate_as_well(ada, client_of, books, record):
    record([], prices=[price("USD-EUR", "0.8", days_ago(6))], name="Dollar")
    found = get(client_of(ada), "portfolio")
    assert D(found["total_equity"]) == 1010 + 150 * D("1.25")


def test_the_newer_of_both_directions_counts(ada, client_of, books, rate, record):
    record([], prices=[price("USD-EUR", "0.5", days_ago(1))], name="Dollar")
    found = get(client_of(ada), "portfolio")
    assert D(found["total_equity"]) == 1010 + 150 * 2


def test_a_foreign_balance_without_a_rate_is_named(ada, client_of, record):
    record([], [deposit("d1", "5", days_ago(1), "CHF")], name="Swiss cash")
    found = get(client_of(ada), "portfolio")
    assert (found["total_equity"], found["reasons"]["total_equity"]) == (None, "no_fx")
    empty = get(client_of(ada), "portfolio/positions")
    assert empty["positions"] == []


@pytest.mark.parametrize(
    ("currencies", "main"),
    [
        (["USD"], "USD"),
        (["EUR", "USD", "USD"], "USD"),
        (["USD", "EUR"], "EUR"),  # a tie: the first by name
        (["JPY", "EUR", "JPY", "EUR", "CHF"], "EUR"),
    ],
)
def test_the_answer_is_in_what_most_books_are_kept_in(
    ada, client_of, record, currencies, main
):
    for number, currency in enumerate(currencies):
        record([], name=f"Book {number}", currency=currency)
    assert get(client_of(ada), "portfolio")["base_currency"] == main


@pytest.mark.parametrize(
    ("zones", "zone"),
    [
        (["Europe/Berlin"], "Europe/Berlin"),
        (["Europe/Berlin", "Europe/Berlin"], "Europe/Berlin"),
        (["Europe/Berlin", "Asia/Tokyo"], "UTC"),
    ],
)
def test_days_end_where_the_books_agree(ada, record, zones, zone):
    for number, name in enumerate(zones):
        record([], name=f"Book {number}", zone=name)
    assert scope(ada).zone == zone


@pytest.mark.parametrize("query", [{"interval": "1h"}, {"period": "4h"}])
def test_a_history_too_long_to_walk_has_no_finer_curve(
    ada, client_of, books, monkeypatch, query
):
    client = client_of(ada)
    monkeypatch.setattr(sizes, "MOST_WALKED", 0)
    found = get(client, "performance/equity-curve", book="Euro", **query)
    assert (found["reason"], found["data"]) == ("too_many_facts", [])
    daily = get(client, "performance/equity-curve", book="Euro", period="all")
    assert (daily["reason"], daily["current_equity"]) == (None, "150")


def test_the_last_hours_of_such_a_history_say_why_they_are_missing(
    ada, client_of, books, monkeypatch
):
    client = client_of(ada)
    assert get(client, "performance", book="Euro", period="4h")["reason"] is None
    monkeypatch.setattr(sizes, "MOST_WALKED", 0)
    hours = get(client, "performance", book="Euro", period="4h")
    assert hours["reason"] == "too_many_facts"
    assert hours["metrics"]["total_return"]["reason"] == "too_many_facts"
    page = client.get("/performance/?book=Euro&period=4h").content.decode()
    assert "more than 100,000 facts would be read: choose days" in page
