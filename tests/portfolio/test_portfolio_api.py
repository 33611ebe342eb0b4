"""GET /api/portfolio…: exact, honest about what is unknown, and one's own."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from portfolio.models import EquityPoint
from portfolio.queries.books import scope
from portfolio.queries.figures import flagged_matches
from tests.portfolio.conftest import deposit, fill, price


def days_ago(days: int, clock: str = "12:00:00") -> str:
    return f"{(timezone.now() - timedelta(days=days)).date()}T{clock}"


@pytest.fixture
def story(record):
    """Paid in 10,000; bought 2 at 100 (fee 1), sold 1 at 120 (fee 1); marked at 130."""
    return record(
        [
            fill("f1", "buy", "2", "100", days_ago(3), fee="1", strategy="trend"),
            fill("f2", "sell", "1", "120", days_ago(2), fee="1", strategy="trend"),
        ],
        [deposit("d1", "10000", days_ago(4))],
        [price("BTC-USD", "130", days_ago(1))],
    )


def test_the_summary_is_exact(ada, client_of, story):
    found = client_of(ada).get("/api/portfolio").json()
    assert found["cash_balance"] == "9918"
    assert found["invested"] == "130"
    assert found["total_equity"] == "10048"
    assert found["realized_pnl"] == "18.5"
    assert found["unrealized_pnl"] == "29.5"
    assert found["total_pnl"] == "48"
    assert found["total_pnl_percent"] == "0.48"
    assert found["day_pnl"] == "0"
    assert found["positions_count"] == 1
    assert (found["open_orders"], found["base_currency"]) == (None, "USD")
    assert found["reasons"]["open_orders"] == "not_tracked"


def test_a_position_has_its_cost_mark_age_and_weight(ada, client_of, story):
    (found,) = client_of(ada).get("/api/portfolio/positions").json()["positions"]
    assert (found["symbol"], found["side"], found["size"]) == ("BTC-USD", "long", "1")
    assert (found["entry_price"], found["cost"]) == ("100", "100.5")
    assert (found["current_price"], found["market_value"]) == ("130", "130")
    assert found["unrealized_pnl"] == "29.5"
    assert found["price_age_seconds"] > 0
    assert found["price_source"] == "test"
    assert Decimal(found["weight"]) == pytest.approx(
        Decimal("1.29378981"), abs=Decimal("0.000001")
    )


def test_a_short_is_negative_and_gains_when_the_price_falls(ada, client_of, record):
    record(
        [fill("f1", "sell", "2", "100", days_ago(1), fee="2")],
        [deposit("d1", "1000", days_ago(2))],
        [price("BTC-USD", "90", days_ago(0, "00:00:00"))],
        allow_short=True,
    )
    (found,) = client_of(ada).get("/api/portfolio/positions").json()["positions"]
    assert (found["side"], found["size"], found["market_value"]) == (
        "short",
        "-2",
        "-180",
    )
    assert found["unrealized_pnl"] == "18"
    top = client_of(ada).get("/api/portfolio").json()
    assert (top["total_equity"], top["total_pnl"]) == ("1018", "18")


def test_without_prices_the_last_fill_is_the_mark_and_says_so(ada, client_of, record):
    record(
        [fill("f1", "buy", "1", "100", days_ago(1))],
        [deposit("d1", "500", days_ago(2))],
    )
    (found,) = client_of(ada).get("/api/portfolio/positions").json()["positions"]
    assert (found["current_price"], found["price_source"]) == ("100", "last_fill")


def test_lots_name_the_fill_that_opened_them(ada, client_of, story):
    (lot,) = client_of(ada).get("/api/portfolio/lots").json()["lots"]
    assert (lot["trade_external_id"], lot["remaining_quantity"]) == ("f1", "1")
    assert lot["remaining_fee"] == "0.5"


def test_allocation_adds_up_to_the_whole(ada, client_of, story):
    rows = client_of(ada).get("/api/portfolio/allocation").json()["allocation"]
    assert {one["name"] for one in rows} == {"BTC-USD", "USD"}
    assert sum(Decimal(one["weight"]) for one in rows) == pytest.approx(Decimal(100))


def test_one_symbol_in_two_books_is_two_rows_of_the_allocation(ada, client_of, record):
    """A cursor named the symbol alone: the second row came again when a third rose."""
    mine = [fill("f1", "buy", "3", "100", days_ago(3))]
    small = fill("f2", "buy", "1", "50", days_ago(3), symbol="SOL-USD")
    record([*mine, small], [deposit("d1", "1000", days_ago(9))])
    record([fill("f3", "buy", "1", "100", days_ago(3))], name="Other")
    client, path = client_of(ada), "/api/portfolio/allocation"
    first = client.get(path, {"limit": 2}).json()
    names = [row["name"] for row in first["allocation"]]
    assert names == ["BTC-USD", "BTC-USD"]
    record([], [], [price("SOL-USD", "5000", days_ago(1))])
    rest = client.get(path, {"cursor": first["next_cursor"]}).json()["allocation"]
    assert [row["name"] for row in rest] == ["USD"]


def test_an_empty_database_says_empty(ada, client_of):
    found = client_of(ada).get("/api/portfolio").json()
    assert (found["total_equity"], found["positions_count"]) == ("0", 0)
    assert found["total_pnl_percent"] is None
    assert found["base_currency"] is None
    assert client_of(ada).get("/api/stats").json()["trades"] == 0


def test_books_in_two_currencies_without_a_rate_have_no_total(
    ada, client_of, story, record
):
    record(
        [],
        [deposit("e1", "50", days_ago(3), "EUR")],
        name="Euro",
        currency="EUR",
    )
    found = client_of(ada).get("/api/portfolio").json()
    assert found["total_equity"] is None
    assert found["reasons"]["total_equity"] == "no_fx"
    assert [
        (books["currency"], books["total_equity"], books["total_pnl"])
        for books in found["by_currency"]
    ] == [("EUR", "50", "0"), ("USD", "10048", "48")]
    assert client_of(ada).get("/api/portfolio?book=Euro").json()["total_equity"] == "50"


def test_what_figures_leave_out_is_counted_by_reason(ada, client_of, record):
    """Nobody said what the deposited coin had cost; a fee in XXX has no rate."""
    unknown = {"fee": "1", "fee_currency": "XXX"}
    record(
        [
            fill("s1", "sell", "1", "100", days_ago(3)),
            fill("b1", "buy", "1", "100", days_ago(2), symbol="ETH-USD", **unknown),
            fill("b2", "buy", "1", "100", days_ago(1), symbol="ETH-USD", **unknown),
        ],
        [deposit("k1", "1", days_ago(4), "BTC")],
    )
    found = client_of(ada).get("/api/portfolio").json()
    assert found["incomplete"] == {"missing_cost": 1, "no_fx": 2}
    assert found["total_equity"] is None  # XXX is owed, and nobody knows its worth
    assert (found["day_pnl"], found["reasons"]["day_pnl"]) == (None, "no_fx")


def test_whatever_is_null_has_its_reason(ada, client_of, record):
    """A tax in XXX: no cash, income or P&L is known, and each says why."""
    tax = replace(deposit("t1", "-3", days_ago(1), "XXX"), kind="tax")
    record([fill("b1", "buy", "1", "100", days_ago(2))], [tax])
    found = client_of(ada).get("/api/portfolio").json()
    nulls = {name for name, value in found.items() if value is None}
    assert {"cash_balance", "income", "currency_effect", "total_pnl"} <= nulls
    unasked = {"invested", "day_pnl_percent", "known_at"}
    assert nulls <= found["reasons"].keys() | unasked
    assert (found["reasons"]["cash_balance"], found["reasons"]["income"]) == (
        "no_fx",
        "no_fx",
    )


def test_with_a_rate_they_are_added(ada, client_of, story, record):
    record(
        [],
        [deposit("e1", "50", days_ago(3), "EUR")],
        [price("EUR-USD", "1.2", days_ago(1)), price("USD-EUR", "0.8", days_ago(1))],
        name="Euro",
        currency="EUR",
    )
    found = client_of(ada).get("/api/portfolio").json()
    by_currency = {one["currency"] for one in found["by_currency"]}
    assert by_currency == {"EUR", "USD"}
    assert found["base_currency"] == "EUR"
    assert Decimal(found["total_equity"]) == Decimal(50) + Decimal(10048) * Decimal(
        "0.8"
    )


def test_somebody_elses_book_is_not_there(ada, person, client_of, story):
    mallory = person("mallory", "Trader")
    assert client_of(mallory).get("/api/portfolio").json()["positions_count"] == 0
    assert client_of(mallory).get(f"/api/portfolio?book={story.pk}").status_code == 404


def test_a_viewer_reads_all_books_and_a_developer_none(ada, person, client_of, story):
    viewer, developer = person("vera", "Viewer"), person("dan", "Developer")
    assert client_of(viewer).get("/api/portfolio").json()["total_equity"] == "10048"
    assert client_of(developer).get("/api/portfolio").status_code == 403


@pytest.mark.parametrize(
    "path",
    ["/api/portfolio", "/api/portfolio/positions", "/api/performance", "/api/stats"],
)
def test_a_stranger_is_asked_to_log_in_unless_reading_is_public(db, settings, path):
    assert Client().get(path).status_code == 401
    settings.PUBLIC_READ = True
    assert Client().get(path).status_code == 200


@pytest.mark.parametrize("query", ["no_such=1", "as_of=2026-01-01"])
def test_what_is_not_done_yet_is_refused_and_not_ignored(ada, client_of, query):
    assert client_of(ada).get(f"/api/portfolio?{query}").status_code == 400


def test_a_day_that_holds_something_without_a_value_has_no_profit(
    ada, client_of, record
):
    book = record([], [deposit("d1", "1000", days_ago(4))])
    api = client_of(ada)
    assert api.get("/api/portfolio").json()["day_pnl"] == "0"

    EquityPoint.objects.filter(book=book).update(unvalued=1)

    answer = api.get("/api/portfolio").json()
    assert (answer["day_pnl"], answer["day_pnl_percent"]) == (None, None)
    assert "day_pnl" in answer["reasons"]


def test_implied_funding_is_named_with_its_amount_wherever_equity_is(
    ada, client_of, record
):
    record(
        [
            fill("f1", "buy", "2", "70", days_ago(4), fee="0.5"),
            fill("f2", "buy", "3", "72", days_ago(1)),
        ],
        [deposit("d1", "100", days_ago(3)), deposit("d2", "90", days_ago(2))],
    )
    client = client_of(ada)
    held = client.get("/api/portfolio").json()
    assert (held["implied_funding"], held["cash_balance"]) == ("0", "-166.5")
    record([fill("g1", "buy", "1", "40", days_ago(2), symbol="ETH-USD")], name="Unpaid")
    record([], [deposit("g2", "15", days_ago(1))], name="Unpaid")
    held = client.get("/api/portfolio?book=Unpaid").json()
    assert held["implied_funding"] == "25"
    assert (held["cash_balance"], held["total_equity"]) == ("0", "40")
    measured = client.get("/api/performance?period=all&book=Unpaid").json()
    assert measured["implied_funding"] == "25"
    for path in ("/portfolio/", "/performance/?period=all", "/"):
        page = client.get(path).content.decode()
        assert "$25.00 of implied funding" in page, path


@pytest.mark.embedded  # PostgreSQL scans what is small, index or not
def test_counting_what_is_flagged_reads_flagged_matches_alone(ada, record):
    record([fill("f1", "buy", "1", "100", days_ago(3))])
    plan = flagged_matches(scope(ada).ids).explain()
    assert "trades_match_flagged" in plan
