"""As known at a time: what was read once is told again, whatever came later."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from trades.models import Fill, Transfer
from trades.services.amending import correct_fill, void_fill
from trades.services.fills import book_fills
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def settled_at_once(monkeypatch):
    """Nobody else writes here: what was recorded is settled (see known_times)."""
    monkeypatch.setattr("trades.queries.known_times.SETTLED_AFTER", timedelta())


def moment():
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")


@pytest.fixture
def story(ada, book, make_fill, make_move, client_of):
    """What the API said after each step, and when: bought, sold, corrected, a late
    buy, voided."""
    client, told = client_of(ada), []

    def step(*work):
        for do in work:
            do()
        told.append((moment(), *said(client)))

    step(
        lambda: book_transfers([make_move("d", "deposit", "USD", "900")], ada),
        lambda: book_fills([make_fill("f1", "buy", "2", "100", day=2)], ada),
    )
    first = Fill.objects.get()
    step(lambda: book_fills([make_fill("f2", "sell", "1", "130", day=3)], ada))
    step(lambda: correct_fill(first.pk, {"price": "90"}, "typo", ada))
    step(lambda: book_fills([make_fill("f0", "buy", "1", "50", day=1)], ada))
    step(lambda: void_fill(first.pk, "never was", ada))
    step(
        lambda: book_fills([make_fill("e1", "buy", "5", "7", 4, symbol="ETH-USD")], ada)
    )
    return client, told


def said(client, **known):
    trades = client.get("/api/trades", known).json()["trades"]
    positions = client.get("/api/portfolio/positions", known).json()["positions"]
    stood = [
        (t["external_id"], t["price"], t["status"], t["realized_pnl"])
        for t in trades
        if t["status"] != "voided"
    ]
    held = [
        (p["symbol"], p["size"], p["cost"], p["current_price"], p["unrealized_pnl"])
        for p in positions
    ]
    return stood, held


def test_each_answer_is_given_again_as_it_was(story):
    client, told = story
    assert len({str(answer[1:]) for answer in told}) == len(told)
    for at, trades, positions in told:
        assert said(client, known_at=at) == (trades, positions)


def test_what_a_fee_realised_from_other_lots_is_told_again(
    ada, book, make_fill, client_of
):
    fee = {"fee": Decimal("0.1"), "fee_currency": "BNB"}
    book_fills(
        [
            make_fill("b", "buy", "1", "300", day=1, symbol="BNB-USD"),
            make_fill("c", "buy", "1", "400", day=2, symbol="BNB-USD"),
            make_fill("f", "buy", "1", "100", day=3, **fee),
        ],
        ada,
    )
    client = client_of(ada)
    told = [
        client.get("/api/trades", {"limit": 1, **known}).json()["trades"][0]
        for known in ({}, {"known_at": moment()})
    ]
    assert told[0]["realized_pnl"] == "10"
    assert told[1]["realized_pnl"] == "10"


def test_before_the_first_fact_nothing_was_known(story):
    assert said(story[0], known_at="2020-01-01") == ([], [])


@pytest.mark.parametrize(
    ("status", "known"), [("booked", ["f2"]), ("corrected", ["f1"]), ("voided", [])]
)
def test_a_status_is_that_of_the_time(story, status, known):
    client, told = story
    at = told[2][0]
    answer = client.get("/api/trades", {"known_at": at, "status": status}).json()
    assert [trade["external_id"] for trade in answer["trades"]] == known


@pytest.mark.parametrize("path", ["/api/trades", "/api/portfolio/positions"])
def test_a_time_that_is_none_is_refused(client_of, ada, book, path):
    answer = client_of(ada).get(path, {"known_at": "yesterday"})
    assert answer.status_code == 400
    assert "known_at" in answer.content.decode()


def test_a_book_of_too_many_fills_says_so(story, monkeypatch):
    monkeypatch.setattr("trades.queries.known_sizes.MOST_FACTS", 1)
    client, told = story
    answer = client.get("/api/portfolio/positions", {"known_at": told[-1][0]})
    assert answer.status_code == 422
    assert "more than 1 trades and transfers" in answer.json()["detail"]


def test_coins_that_came_in_are_known_from_then_on(ada, book, make_move, client_of):
    before = moment()
    book_transfers([make_move("t", "deposit", "BTC", "2", symbol="BTC-USD")], ada)
    client = client_of(ada)
    assert Transfer.objects.exists()
    assert said(client, known_at=before)[1] == []
    assert [row[:2] for row in said(client, known_at=moment())[1]] == [("BTC-USD", "2")]
