"""Portfolio, performance and slices give one total P&L and one equity, and the parts
of the P&L add up to it."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.portfolio.conftest import deposit, fill, price
from tests.portfolio.test_portfolio_api import days_ago
from trades.domain.facts import NewTransfer

D = Decimal


def moved(
    kind: str, amount: str, at: str, asset: str, *, symbol: str = "", cost: str = ""
) -> NewTransfer:
    return NewTransfer(
        external_id=f"{kind}{at}",
        kind=kind,
        asset=asset,
        amount=D(amount),
        at=deposit("x", amount, at).at,
        cost=D(cost) if cost else None,
        symbol=symbol,
    )


PAID = deposit("d", "900", days_ago(9))
BOUGHT = fill("a", "buy", "6", "40", days_ago(8), symbol="JADE-USD", fee="0.7")
SOLD = fill("b", "sell", "2", "47", days_ago(3), symbol="JADE-USD", fee="0.3")
EUROS = fill("e", "buy", "3", "20", days_ago(7), symbol="ONYX-EUR", fee="0.1")
RATES = [
    price("EUR-USD", "1.10", days_ago(10)),
    price("EUR-USD", "1.25", days_ago(2)),
    price("JADE-USD", "52", days_ago(1)),
]
STORIES = {
    "unpaid": ([BOUGHT, SOLD], []),
    "repaid": ([BOUGHT, SOLD], [deposit("d", "500", days_ago(5))]),
    "income and costs": (
        [BOUGHT, SOLD],
        [
            PAID,
            moved("dividend", "4.5", days_ago(6), "USD", symbol="JADE-USD"),
            moved("fee", "-1.25", days_ago(5), "USD"),
        ],
    ),
    "coins in and out": (
        [BOUGHT, SOLD],
        [
            PAID,
            moved("deposit", "1.5", days_ago(6), "JADE", cost="50"),
            moved("withdrawal", "-2", days_ago(2), "JADE"),
        ],
    ),
    "coins before any mark": (
        [BOUGHT, SOLD],
        [PAID, moved("deposit", "1.5", days_ago(9), "JADE", cost="50")],
    ),
    "euros": ([BOUGHT, EUROS], [PAID, deposit("de", "80", days_ago(8), "EUR")]),
    "sold too much": ([SOLD], [PAID]),
}


@pytest.mark.parametrize("story", STORIES)
def test_the_same_pnl_and_equity_everywhere_and_its_parts_add_up(
    ada, client_of, record, story
):
    fills, transfers = STORIES[story]
    record(fills, transfers, RATES)
    client = client_of(ada)
    held = client.get("/api/portfolio").json()
    measured = client.get("/api/performance?period=all").json()
    curve = client.get("/api/performance/equity-curve?period=all").json()
    assert held["total_pnl"] == measured["total_return"]
    assert held["total_equity"] == curve["current_equity"]
    parts = ("realized_pnl", "unrealized_pnl", "income", "transferred")
    added = sum(D(held[part]) for part in (*parts, "currency_effect"))
    assert added == D(held["total_pnl"])
    assert D(held["total_pnl"]), "a story in which nothing is won shows nothing"
    if story != "euros":
        slices = client.get("/api/performance/by-symbol?period=all").json()["symbols"]
        assert sum(D(row["pnl"]) for row in slices) == D(held["total_pnl"])
        assert held["currency_effect"] == "0"


def test_the_currency_effect_is_what_the_rate_brought(ada, client_of, record):
    record([], [deposit("de", "80", days_ago(8), "EUR")], RATES)
    held = client_of(ada).get("/api/portfolio").json()
    assert (held["total_equity"], held["total_pnl"]) == ("100", "12")
    assert (held["currency_effect"], held["realized_pnl"]) == ("12", "0")


def test_what_was_sold_and_never_bought_is_counted(ada, client_of, record):
    record([SOLD], [PAID])
    held = client_of(ada).get("/api/portfolio").json()
    assert held["incomplete"] == {"missing_acquisition": 1}
    page = client_of(ada).get("/portfolio/").content.decode()
    assert "1: something was sold that nobody had bought" in page


def test_nothing_is_a_percentage_of_a_debt(ada, client_of, record):
    record([BOUGHT], [PAID, deposit("w", "-1200", days_ago(1))])
    client = client_of(ada)
    held = client.get("/api/portfolio").json()
    assert D(held["total_equity"]) < 0
    (position,) = client.get("/api/portfolio/positions").json()["positions"]
    assert position["weight"] is None
    shares = client.get("/api/portfolio/allocation").json()["allocation"]
    assert [share["weight"] for share in shares] == [None, None]
    assert client.get("/portfolio/").status_code == 200


def test_a_table_under_a_filter_has_only_what_the_filter_lets_through(
    ada, client_of, record
):
    record(
        [
            fill("a", "buy", "6", "40", days_ago(8), symbol="JADE-USD", strategy="s"),
            fill("b", "buy", "6", "10", days_ago(8), symbol="ONYX-USD", strategy="t"),
        ],
        [PAID],
        [price("JADE-USD", "52", days_ago(1)), price("ONYX-USD", "9", days_ago(1))],
    )
    client = client_of(ada)
    for query, name in (("strategy=s", "JADE-USD"), ("symbol=ONYX-USD", "ONYX-USD")):
        path = f"/api/performance/by-symbol?period=all&{query}"
        listed = client.get(path).json()["symbols"]
        assert [row["symbol"] for row in listed] == [name]
