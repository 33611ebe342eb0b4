"""Transfers as a person reads and enters them."""

import re
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.trades.conftest import START
from trades.models import Balance, Book, Transfer
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db
DEPOSIT = {
    "book": "ada-main",
    "kind": "deposit",
    "asset": "USD",
    "amount": "250",
    "at": "2026-01-06T12:00",
    "external_id": "hand-1",
}


@pytest.fixture
def client(ada, book, client_of):
    return client_of(ada)


def words(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def send(client, step, **change):
    return client.post("/transfers/new/", {**DEPOSIT, "step": step, **change})


def test_what_will_follow_is_shown_and_nothing_is_booked(client):
    answer = send(client, "look")
    assert "USD in ada-main – 250" in words(answer)
    assert not Transfer.objects.exists()


def test_it_is_booked_once_when_the_person_says_so(client):
    for _ in range(2):
        answer = send(client, "book")
        assert (answer.status_code, answer["Location"]) == (302, "/transfers/")
    assert Balance.objects.get().cash == 250


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"amount": "-250"}, "a deposit is positive"),
        ({"amount": "many"}, "is not a number"),
        ({"book": "somebody's"}, "Select a valid choice"),
        ({"to_book": "ada-main"}, "between own books it is a transfer"),
    ],
)
def test_what_cannot_be_is_said_beside_its_field(client, change, said):
    answer = send(client, "book", **change)
    assert answer.status_code == 422
    assert said in answer.content.decode().replace("&#x27;", "'")
    assert not Transfer.objects.exists()


def test_coins_between_own_books_show_both_sides_first(ada, client, book, make_fill):
    create_book(NewBook("ada-vault", "USD"), ada)
    book_fills([make_fill("f1", "buy", "2", "100", book="ada-main")], ada)
    move = {"kind": "transfer", "asset": "BTC", "amount": "-1", "to_book": "ada-vault"}
    shown = words(send(client, "look", **move))
    assert "BTC-USD held in ada-main 2 1" in shown
    assert "BTC-USD held in ada-vault – 1" in shown
    send(client, "book", **move)
    assert "ada-main to ada-vault" in words(client.get("/transfers/"))


def test_the_list_says_what_moved_and_what_it_was_worth(
    ada, client, make_fill, make_move
):
    book_fills([make_fill("f1", "buy", "2", "100")], ada)
    coins = make_move("t1", "withdrawal", "BTC", "-1", day=1)
    book_transfers([coins, make_move("t2", "deposit", "EUR", "5", day=2)], ada)
    shown = words(client.get("/transfers/"))
    assert "Withdrawal -1 BTC 100 USD Lots of BTC-USD" in shown.replace("−", "-")
    assert "Deposit 5 EUR – Cash" in shown


def test_an_empty_list_says_what_to_do(client):
    assert "No transfers yet" in words(client.get("/transfers/"))


def test_a_book_of_another_person_is_not_listed(ada, client, client_of, mallory):
    send(client, "book")
    assert "250" not in words(client_of(mallory).get("/transfers/"))
    assert Book.objects.get().base_currency == "USD"


def test_older_transfers_are_a_page_away(ada, client, make_move):
    moves = [make_move(f"t{n}", "deposit", "USD", str(n + 1)) for n in range(60)]
    book_transfers(moves, ada)
    answer = client.get("/transfers/")
    [older] = re.findall(r'rel="next" href="([^"]+)"', answer.content.decode())
    rest = words(client.get(older.replace("&amp;", "&")))
    assert Decimal(rest.count("Deposit")) == 60 - answer.content.decode().count(
        "Deposit"
    )
    assert START + timedelta(days=1) > Transfer.objects.latest("at").at
