"""One strategy or one symbol: every column of a row comes from the same facts."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.portfolio.conftest import deposit, fill, price
from tests.portfolio.test_portfolio_api import days_ago
from trades.domain.facts import NewTransfer

D = Decimal


@pytest.fixture
def client(ada, client_of, record):
    """trend won 20 in BTC and holds 1 at 100; fade lost 5 in BTC and won 3 in ETH; a
    dividend of 2 belongs to nobody."""
    dividend = NewTransfer(
        external_id="i1",
        kind="dividend",
        asset="USD",
        amount=D(2),
        at=price("X", "1", days_ago(6)).at,
    )
    record(
        [
            fill("a1", "buy", "1", "100", days_ago(9), strategy="trend"),
            fill("a2", "sell", "1", "120", days_ago(8), strategy="trend"),
            fill("b1", "buy", "1", "105", days_ago(7), strategy="fade"),
            fill("b2", "sell", "1", "100", days_ago(6), strategy="fade"),
            fill(
                "c1", "buy", "1", "10", days_ago(5), strategy="fade", symbol="ETH-USD"
            ),
            fill(
                "c2", "sell", "1", "13", days_ago(4), strategy="fade", symbol="ETH-USD"
            ),
            fill("d1", "buy", "1", "100", days_ago(3), strategy="trend"),
        ],
        [deposit("cash", "1000", days_ago(10)), dividend],
        [price("BTC-USD", "107", days_ago(1))],
    )
    return client_of(ada)


def measured(client, **query: str):
    return client.get("/api/performance", {"period": "all", **query}).json()


@pytest.mark.parametrize(
    ("query", "pnl", "trips", "wins"),
    [
        pytest.param({}, "27", 3, 2, id="everything"),
        pytest.param({"strategy": "trend"}, "27", 1, 1, id="trend with what it holds"),
        pytest.param({"strategy": "fade"}, "-2", 2, 1, id="fade"),
        pytest.param({"strategy": "unassigned"}, "2", 0, 0, id="nobody's"),
        pytest.param({"symbol": "BTC-USD"}, "22", 2, 1, id="bitcoin"),
        pytest.param({"symbol": "ETH-USD"}, "3", 1, 1, id="ether"),
        pytest.param(
            {"symbol": "BTC-USD", "strategy": "fade"}, "-5", 1, 0, id="both at once"
        ),
        pytest.param(
            {"symbol": "ETH-USD", "strategy": "trend"}, "0", 0, 0, id="never traded"
        ),
    ],
)
def test_a_slice_has_its_own_money_and_round_trips(client, query, pnl, trips, wins):
    found = measured(client, **query)
    assert (found["total_return"], found["total_trades"]) == (pnl, trips)
    assert found["winning_trades"] == wins


def test_slices_are_returns_on_the_whole_books_capital(client):
    parts = [measured(client, strategy=name) for name in ("trend", "fade")]
    whole = sum(D(part["metrics"]["simple_return"]["value"]) for part in parts)
    assert whole == D("0.025")  # (27 − 2) / 1,000


@pytest.mark.parametrize(
    ("path", "noun", "column", "rows"),
    [
        (
            "by-strategy",
            "strategies",
            "strategy",
            [("trend", "27"), ("unassigned", "2"), ("fade", "-2")],
        ),
        (
            "by-symbol",
            "symbols",
            "symbol",
            [("BTC-USD", "22"), ("ETH-USD", "3"), ("unassigned", "2")],
        ),
    ],
)
def test_tables_come_best_first_and_add_up(client, path, noun, column, rows):
    listed = client.get(f"/api/performance/{path}", {"period": "all"}).json()[noun]
    assert [(row[column], row["pnl"]) for row in listed] == rows
    assert sum(D(row["pnl"]) for row in listed) == D(measured(client)["total_return"])


def test_a_table_of_a_slice_has_only_its_trips(client):
    listed = client.get(
        "/api/performance/by-symbol", {"period": "all", "strategy": "fade"}
    ).json()["symbols"]
    trades = {row["symbol"]: row["total_trades"] for row in listed}
    assert trades["ETH-USD"] == 1
    assert trades["BTC-USD"] == 1


@pytest.mark.parametrize(
    ("query", "value"),
    [({}, "107"), ({"strategy": "trend"}, "107"), ({"strategy": "fade"}, None)],
)
def test_positions_of_a_strategy(client, query, value):
    listed = client.get("/api/portfolio/positions", query).json()["positions"]
    assert [row["market_value"] for row in listed] == ([value] if value else [])


def test_a_summary_of_a_strategy_leaves_out_what_belongs_to_books(client):
    found = client.get("/api/portfolio", {"strategy": "trend"}).json()
    assert (found["positions_count"], found["invested"]) == (1, "107")
    assert found["reasons"]["day_pnl"] == "per_book"
    for name in ("total_equity", "cash_balance", "day_pnl", "total_pnl_percent"):
        assert found[name] is None
        assert found["reasons"][name] == "per_book"


@pytest.mark.parametrize("strategy", ["trend", "fade", "unassigned"])
def test_portfolio_and_performance_give_a_strategy_the_same_pnl(client, strategy):
    asked = {"strategy": strategy, "period": "all"}
    held = client.get("/api/portfolio", {"strategy": strategy}).json()
    assert held["total_pnl"] == measured(client, **asked)["total_return"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("books", 1),
        ("trades", 7),
        ("transfers", 2),
        ("open_positions", 1),
        ("round_trips", 3),
        ("prices", 1),
        ("decisions", 0),
    ],
)
def test_counters_count_what_is_there(client, name, value):
    assert client.get("/api/stats").json()[name] == value


def test_the_page_names_the_slice(client):
    page = client.get("/performance/?period=all&strategy=fade").content.decode()
    assert "Strategy fade" in page
    assert "▼ −$2.00" in page
    page = client.get("/performance/?period=all&symbol=ETH-USD").content.decode()
    assert "ETH-USD" in page
    assert "▲ +$3.00" in page
