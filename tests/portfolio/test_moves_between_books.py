"""What moves between two own books: alone each counts it as a flow at its worth; in an
answer that holds both it is neither flow nor gain.

The worked case. "Main" starts with 1,000. On the second day it sends 400 to "Vault",
which held 100, and wins 60: 60 on 1,100 (5.45 %). Alone, "Main" won 60 on 1,000
(outflows count at the end of their day) and "Vault" won nothing on 500. Counting the
400 as paid in would make it 60 on 1,500 (4 %).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from kernel.numbers import rounded
from portfolio.domain.periods import Period
from portfolio.queries.books import scope
from portfolio.queries.curves import curves_of
from portfolio.queries.performance import performance
from portfolio.queries.selection import Selection
from portfolio.queries.summary import portfolio
from portfolio.services import equity
from tests.portfolio.conftest import deposit, fill, price
from tests.portfolio.test_portfolio_api import days_ago
from trades.services.between_books import book_between

D = Decimal


def send(ada, asset: str, amount: str, at: str, name: str = "m"):
    move = replace(
        deposit(name, f"-{amount}", at, asset),
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


@pytest.fixture
def moved_overnight(ada, record, request):
    """The worked case, Main a day behind Vault or before it: what is sent at that moment
    leaves Main on one local day and comes to Vault on another."""
    main, vault = request.param
    record([], [deposit("v", "100", days_ago(20))], name="Vault", zone=vault)
    record([], [deposit("d", "1000", days_ago(20))], zone=main)
    send(ada, "USD", "400", days_ago(5))
    record(
        [
            fill("b", "buy", "1", "200", days_ago(2)),
            fill("s", "sell", "1", "260", days_ago(2)),
        ],
    )


ZONES = [
    ("Pacific/Honolulu", "Pacific/Kiritimati"),  # 24 hours apart
    ("Pacific/Kiritimati", "Pacific/Honolulu"),
]


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


@pytest.mark.parametrize("moved_overnight", ZONES, indirect=True)
@pytest.mark.parametrize("period", ["7d", "all"])
def test_what_is_on_its_way_overnight_is_counted_once(
    ada, client_of, moved_overnight, period
):
    client = client_of(ada)
    answer = measured(client, period=period)
    assert D(answer["total_return"]) == D(60)
    assert value(answer, "total_return") == pytest.approx(D(60) / D(1100))
    assert value(answer, "simple_return") == rounded(D(60) / D(1100))
    curve = client.get("/api/performance/equity-curve", {"period": period}).json()
    assert {D(point["equity"]) for point in curve["data"]} <= {D(1100), D(1160)} | (
        {D(100), D(1000)} if period == "all" else set()
    )


@pytest.mark.parametrize("moved_overnight", ZONES, indirect=True)
@pytest.mark.parametrize("days", range(3, 9))
def test_a_range_that_begins_or_ends_while_it_is_on_its_way_counts_it_once(
    ada, client_of, moved_overnight, days
):
    books = scope(ada)
    today = timezone.now().date()
    for first, last in ((days, 0), (8, days), (days, days)):
        period = Period(
            "all", today - timedelta(days=first), today - timedelta(days=last)
        )
        now = timezone.now()
        curves = curves_of(books, now)
        told = performance(books, Selection(period=period), curves, now)
        assert {day.base for day in told.days} <= {D(1100), D(1160)}
        assert not any(day.inflow or day.outflow for day in told.days)


@pytest.mark.parametrize("zones", ZONES)
@pytest.mark.parametrize("known", [False, True])
def test_the_days_capital_holds_what_moved_once_whatever_day_it_is_there(
    ada, client_of, record, monkeypatch, zones, known
):
    main, vault = zones
    record([], [deposit("v", "100", days_ago(3))], name="Vault", zone=vault)
    record([], [deposit("d", "1000", days_ago(3))], zone=main)
    # In the day of each of them, and on the evening before of one alone.
    for name in ("UTC", *zones):
        midnight = timezone.now().astimezone(ZoneInfo(name)).replace(hour=0, minute=0)
        at = midnight.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:00")
        send(ada, "USD", "40", at, name=name)
    monkeypatch.setattr("trades.queries.known_times.SETTLED_AFTER", timedelta())
    asked = {"known_at": timezone.now().isoformat()} if known else {}
    held = client_of(ada).get("/api/portfolio", asked).json()
    assert held["day_pnl"] == "0"
    books = scope(ada)
    if known:
        books = books.as_known(timezone.now())
    told = portfolio(books, curves_of(books, timezone.now()), timezone.now())
    assert told.day_base == D(1100)


@pytest.mark.parametrize("held", [0, 1])
def test_portfolio_and_performance_agree_where_more_moved_than_was_held(
    ada, client_of, record, held
):
    """What came of nothing is in no book's flows: flagged, and a gain of both."""
    trades = [fill("b", "buy", "1", "250", days_ago(4))]
    if not held:
        trades.append(fill("s", "sell", "1", "250", days_ago(3)))
    record([trades[0]], [deposit("d", "1000", days_ago(5))], name="Vault")
    record(trades, [deposit("e", "1000", days_ago(5))])
    send(ada, "BTC", "2", days_ago(2))
    client = client_of(ada)
    for book in ("", "Main", "Vault"):
        query = {"book": book} if book else {}
        told = client.get("/api/portfolio", query).json()
        answer = measured(client, **query)
        assert told["total_pnl"] == answer["total_return"], book
        curve = client.get(
            "/api/performance/equity-curve", {"period": "all", **query}
        ).json()
        assert D(curve["current_equity"]) == D(told["total_equity"]), book
    assert D(measured(client)["total_return"]) == 250 * (2 - held)
