"""What moves between two own books: alone each counts it as a flow at its worth; in an
answer that holds both it is neither flow nor gain.

The worked case. "Main" starts with 1,000. On the second day it sends 400 to "Vault",
which held 100, and wins 60: 60 on 1,100 (5.45 %). Alone, "Main" won 60 on 1,000
(outflows count at the end of their day) and "Vault" won nothing on 500. Counting the
400 as paid in would make it 60 on 1,500 (4 %).
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from django.utils import timezone

from kernel.numbers import rounded
from portfolio.services import equity
from tests.portfolio.conftest import deposit, fill, price
from tests.portfolio.test_portfolio_api import days_ago
from trades.services.between_books import book_between

D = Decimal


def send(ada, asset: str, amount: str, at: str):
    move = replace(
        deposit("m", f"-{amount}", at, asset),
        kind="transfer",
        book="Main",
        to_book="Vault",
    )
    book_between(move, ada)
    equity.catch_up(timezone.now())


@pytest.fixture
def cash_moved(ada, record):
    record([], [deposit("v", "100", days_ago(3))], name="Vault")
    record(
        [
            fill("b", "buy", "1", "200", days_ago(2)),
            fill("s", "sell", "1", "260", days_ago(2)),
        ],
        [deposit("d", "1000", days_ago(3))],
    )
    send(ada, "USD", "400", days_ago(2))


def measured(client, **query: str):
    return client.get("/api/performance", {"period": "all", **query}).json()


def value(answer, metric: str) -> Decimal:
    return D(answer["metrics"][metric]["value"])


@pytest.mark.parametrize(
    ("book", "capital"), [("", "1100"), ("Main", "1000"), ("Vault", "100")]
)
def test_the_return_is_on_the_capital_that_was_there(
    ada, client_of, cash_moved, book, capital
):
    answer = measured(client_of(ada), **({"book": book} if book else {}))
    won = D(0) if book == "Vault" else D(60)
    assert D(answer["total_return"]) == won
    assert value(answer, "total_return") == pytest.approx(won / D(capital))


def test_simple_return_counts_as_paid_in_what_came_from_outside_alone(
    ada, client_of, cash_moved
):
    client = client_of(ada)
    assert value(measured(client), "simple_return") == rounded(D(60) / D(1100))
    assert value(measured(client, book="Vault"), "simple_return") == 0


def test_coins_are_worth_one_thing_in_both(ada, client_of, record):
    """Vault's own last trade was at 250, Main's mark is 300: the flow is at 300 in both,
    and what coins are worth otherwise in Vault from then on is its gain."""
    record([fill("v", "buy", "1", "250", days_ago(4))], name="Vault")
    record(
        [fill("b", "buy", "2", "200", days_ago(4))],
        [deposit("d", "1000", days_ago(4))],
        [price("BTC-USD", "300", days_ago(3))],
    )
    send(ada, "BTC", "1", days_ago(2))
    client = client_of(ada)
    both = measured(client)
    alone = [measured(client, book=name) for name in ("Main", "Vault")]
    assert D(both["total_return"]) == sum(D(part["total_return"]) for part in alone)
    assert D(both["total_return"]) == D(200 + 50)
    assert value(both, "total_return") == D(250) / D(1250)
    held = client.get("/api/portfolio").json()
    assert held["total_pnl"] == both["total_return"]


def test_a_day_on_which_coins_move_has_the_days_pnl_on_the_books_capital(
    ada, client_of, record
):
    record([], [deposit("v", "100", days_ago(3))], name="Vault")
    record([], [deposit("d", "1000", days_ago(3))])
    send(ada, "USD", "400", timezone.now().strftime("%Y-%m-%dT00:00:00"))
    held = client_of(ada).get("/api/portfolio").json()
    assert (held["day_pnl"], held["day_pnl_percent"]) == ("0", "0")
