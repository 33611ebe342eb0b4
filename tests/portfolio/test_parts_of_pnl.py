"""Where one part of the P&L is easily lost: splits of what several strategies hold,
the entry fee of a short, income in another currency, late facts before a split."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from portfolio.services import equity
from tests.portfolio.conftest import deposit, fill, price
from tests.portfolio.test_portfolio_api import days_ago
from trades.domain.facts import NewSplit, NewTransfer
from trades.models import Book
from trades.services.rebuilding import differences
from trades.services.splits import record_split

D = Decimal


def post(client, path, **body):
    answer = client.post(path, json.dumps(body), content_type="application/json")
    assert answer.status_code == 201, answer.content
    return answer.json()


def caught_up(client, path, **query):
    equity.catch_up(timezone.now())
    return client.get(path, query).json()


def by(client, noun, column):
    path = f"/api/performance/by-{column}"
    rows = caught_up(client, path, period="all")[noun]
    return {row[column]: D(row["pnl"]) for row in rows}


def split(by, days, symbol="BTC-USD"):
    at = datetime.fromisoformat(f"{days_ago(days, '00:00:00')}Z")
    record_split(NewSplit(symbol=symbol, at=at, numerator=2, denominator=1), by)


def test_a_split_is_of_every_strategy_and_of_no_other_symbol(record, client_of, ada):
    record(
        [
            fill("a", "buy", "2", "100", days_ago(9), strategy="trend", fee="1"),
            fill("b", "buy", "3", "100", days_ago(8), strategy="fade"),
            fill("c", "buy", "5", "10", days_ago(8), symbol="ETH-USD"),
        ],
        [deposit("cash", "1000", days_ago(10))],
        [
            price("BTC-USD", "55", days_ago(1)),
            price("ETH-USD", "11", days_ago(1)),
        ],
    )
    client = client_of(ada)
    split(ada, 5)
    assert by(client, "strategies", "strategy") == {
        "trend": D(19),  # 4 x 55 - 200 - 1
        "fade": D(30),
        "unassigned": D(5),
    }
    held = caught_up(client, "/api/portfolio/positions")["positions"]
    sizes = {row["symbol"]: row["size"] for row in held}
    assert sizes == {"BTC-USD": "10", "ETH-USD": "5"}
    assert caught_up(client, "/api/portfolio")["total_pnl"] == "54"


@pytest.mark.parametrize(
    ("covered", "mark", "pnl"),
    [
        pytest.param("0", "90", "17", id="open"),  # 2 x 10 - 3
        pytest.param("1", "90", "16", id="half"),  # one more fee
        pytest.param("2", "90", "16", id="all"),
        pytest.param("0", "110", "-23", id="losing"),
    ],
)
def test_the_entry_fee_of_a_short_is_in_every_slice(
    record, client_of, ada, covered, mark, pnl
):
    fills = [fill("a", "sell", "2", "100", days_ago(9), strategy="fade", fee="3")]
    if covered != "0":
        fills.append(
            fill("b", "buy", covered, "90", days_ago(5), strategy="x", fee="1")
        )
    record(
        fills,
        [deposit("cash", "1000", days_ago(10))],
        [price("BTC-USD", mark, days_ago(1))],
        allow_short=True,
    )
    client = client_of(ada)
    assert by(client, "strategies", "strategy")["fade"] == D(pnl)
    assert by(client, "symbols", "symbol") == {"BTC-USD": D(pnl)}
    assert caught_up(client, "/api/portfolio")["total_pnl"] == pnl


def test_income_in_another_currency_counts_at_its_rate(record, client_of, ada):
    record(
        [],
        [
            deposit("cash", "1000", days_ago(9)),
            NewTransfer(
                external_id="interest",
                kind="interest",
                asset="EUR",
                amount=D(10),
                at=deposit("x", "1", days_ago(5)).at,
            ),
        ],
        [price("EUR-USD", "1.2", days_ago(6)), price("EUR-USD", "1.2", days_ago(1))],
    )
    client = client_of(ada)
    summary = caught_up(client, "/api/portfolio")
    assert (summary["income"], summary["total_equity"]) == ("12", "1012")
    measured = caught_up(client, "/api/performance", period="all")
    assert measured["total_return"] == "12"


def test_facts_that_come_late_before_a_split_are_matched_through_it(
    record, client_of, ada
):
    book: Book = record(
        [
            fill("a", "buy", "10", "10", days_ago(9)),
            fill("d", "sell", "5", "6", days_ago(5)),
        ],
        [deposit("cash", "1000", days_ago(10))],
        [],
    )
    client = client_of(ada)
    split(ada, 7)
    for name, side, quantity, paid, clock in (
        ("b", "sell", "2", "11", "13:00:00"),
        ("c", "buy", "4", "9", "14:00:00"),
    ):
        post(
            client,
            "/api/trades",
            external_id=name,
            symbol="BTC-USD",
            side=side,
            quantity=quantity,
            price=paid,
            executed_at=f"{days_ago(8, clock)}Z",
        )
    # 8 of the first lot and 4 of the second became 16 at 80 and 8 at 36; 5 left at 25.
    (position,) = caught_up(client, "/api/portfolio/positions")["positions"]
    assert (position["size"], position["cost"]) == ("19", "91")
    assert caught_up(client, "/api/portfolio")["realized_pnl"] == "7"
    assert differences(book) == []


def test_the_fees_of_a_trip_count_once(record, client_of, ada):
    record(
        [
            fill("a", "buy", "4", "10", days_ago(9), fee="1"),
            fill("b", "sell", "1", "15", days_ago(8), fee="0.5"),
            fill("c", "sell", "3", "15", days_ago(7), fee="1.5"),
        ],
        [deposit("cash", "1000", days_ago(10))],
        [],
    )
    measured = caught_up(client_of(ada), "/api/performance", period="all")
    assert measured["metrics"]["expectancy"]["value"] == "17"  # 20 - 3
    assert measured["total_return"] == "17"


def test_coins_are_paid_in_at_what_they_were_worth_not_at_their_cost(
    record, client_of, ada
):
    coins = NewTransfer(
        external_id="coins",
        kind="deposit",
        asset="BTC",
        amount=D(2),
        cost=D(150),
        at=deposit("x", "1", days_ago(7)).at,
    )
    record(
        [fill("a", "buy", "1", "100", days_ago(8))],
        [deposit("cash", "1000", days_ago(9)), coins],
        [price("BTC-USD", "110", days_ago(1))],
    )
    summary = caught_up(client_of(ada), "/api/portfolio")
    # Three coins won 10 each since they were there; 1,000 and 2 x 100 came in.
    assert (summary["total_pnl"], summary["total_pnl_percent"]) == ("30", "2.5")
    assert summary["unrealized_pnl"] == "80"  # of what they cost: 3 x 110 - 250
    assert summary["transferred"] == "-50"  # what two of them had won elsewhere
    measured = caught_up(client_of(ada), "/api/performance", period="all")
    assert measured["total_return"] == "30"
