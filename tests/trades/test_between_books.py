"""One owner moves cash and coins between two books: cost and dates travel along."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from kernel.errors import Conflict, Invalid
from kernel.registry import JOBS
from portfolio.queries.curves import ledger_states
from tests.trades.conftest import START
from trades.models import Balance, Book, Lot, Match, Position, Transfer, TransferLot
from trades.services.amending import correct_transfer, void_transfer
from trades.services.between_books import book_between
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.rebuilding import differences, rebuild
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db


@pytest.fixture
def other(ada):
    return create_book(NewBook("ada-vault", "USD"), ada)


@pytest.fixture
def moved(ada, book, other, make_fill, make_move):
    """Three of four BTC, bought at 100 and 200 on days 1 and 2, go on day 5."""
    for name, price, day in (("f1", "100", 1), ("f2", "200", 2)):
        fill = make_fill(name, "buy", "2", price, day=day, fee=Decimal(2))
        book_fills([replace(fill, book=book.name)], ada)
    return send(ada, make_move("t", "transfer", "BTC", "-3", day=5), book, other)


def send(ada, move, book, other):
    return book_between(replace(move, book=book.name, to_book=other.name), ada)


def lots(book):
    """[(quantity, cost with fees, day of acquisition)] of what is open."""
    rows = Lot.objects.filter(book=book, remaining_quantity__gt=0)
    return [
        (
            row.remaining_quantity,
            row.remaining_amount + row.remaining_fee,
            (row.acquired_at - START) // timedelta(days=1),
        )
        for row in rows.order_by("acquired_at", "id")
    ]


def agree(*books):
    assert [differences(book) for book in books] == [[]] * len(books)


def test_lots_travel_with_their_cost_and_their_dates(book, other, moved):
    assert lots(book) == [(1, 201, 2)]
    assert lots(other) == [(2, 202, 1), (1, 201, 2)]
    assert set(Lot.objects.filter(book=other).values_list("opened_at", flat=True)) == {
        START + timedelta(days=5)
    }
    agree(book, other)


def test_nothing_is_realised_by_it_in_either_book(book, other, moved):
    assert {match.realised for match in Match.objects.all()} == {0}
    cash = {row.book.name: row.cash for row in Balance.objects.select_related("book")}
    assert cash == {"ada-main": -604}


def test_what_is_sold_there_cost_what_was_paid_here(ada, other, moved, make_fill):
    sale = make_fill("s", "sell", "2", "300", day=6, book=other.name)
    book_fills([sale], ada)
    assert Match.objects.get(book=other).realised == 600 - 202
    agree(other)


def test_a_repeat_moves_nothing_and_another_book_is_another_content(
    ada, book, other, moved, make_move
):
    move = make_move("t", "transfer", "BTC", "-3", day=5)
    transfer, new = send(ada, move, book, other)
    assert (transfer.pk, new) == (moved[0].pk, 0)
    third = create_book(NewBook("ada-third", "USD"), ada)
    with pytest.raises(Conflict):
        send(ada, move, book, third)
    assert lots(other) == [(2, 202, 1), (1, 201, 2)]


def test_a_late_purchase_here_changes_by_the_job_what_came_there(
    ada, book, other, moved, make_fill
):
    book_fills([make_fill("f0", "buy", "1", "50", book=book.name)], ada)
    assert lots(other) == [(2, 202, 1), (1, 201, 2)]  # the job has not run
    agree(book, other)
    JOBS["trades-valuations"].function({"book": str(book.pk)})
    assert lots(other) == [(1, 50, 0), (2, 202, 1)]
    agree(book, other)


def test_what_the_sender_did_not_have_comes_at_no_known_cost(
    ada, book, other, moved, make_move
):
    send(ada, make_move("u", "transfer", "BTC", "-2", day=6), book, other)
    reasons = TransferLot.objects.filter(transfer__external_id="u")
    assert [(row.quantity, row.reason) for row in reasons] == [
        (1, ""),
        (1, "missing_cost"),
    ]
    assert lots(other)[-1][:2] == (1, 0)
    agree(book, other)


def test_cash_of_both_books_moves_as_cash(ada, book, other, make_move):
    send(ada, make_move("t", "transfer", "USD", "-40"), book, other)
    cash = {row.book.name: row.cash for row in Balance.objects.select_related("book")}
    assert cash == {"ada-main": -40, "ada-vault": 40}
    agree(book, other)


def test_both_are_equal_after_a_rebuild(book, other, moved):
    for each in (book, other):
        rebuild(each)
    assert lots(other) == [(2, 202, 1), (1, 201, 2)]
    assert Position.objects.get(book=other).opened_at == START + timedelta(days=1)


@pytest.mark.parametrize(
    ("base", "asset", "said"),
    [
        ("EUR", "BTC", "do not hold BTC in one quote currency"),
        ("EUR", "USD", "do not hold USD in one quote currency"),
        ("USD", "DOGE", "do not hold DOGE in one quote currency"),
    ],
)
def test_books_that_do_not_hold_it_in_one_currency_are_refused(
    ada, book, make_fill, make_move, base, asset, said
):
    there = create_book(NewBook("ada-there", base), ada)
    book_fills([make_fill("f1", "buy", "2", "100", book=book.name)], ada)
    with pytest.raises(Invalid, match=said) as refused:
        send(ada, make_move("t", "transfer", asset, "-1", day=1), book, there)
    assert refused.value.errors[0].pointer == "/to_book"
    assert not Transfer.objects.exists()


def test_a_book_does_not_send_to_itself(ada, book, make_move):
    with pytest.raises(Invalid, match="two books"):
        send(ada, make_move("t", "transfer", "USD", "-1"), book, book)


def test_nobody_sends_to_a_stranger(ada, mallory, book, make_move):
    theirs = create_book(NewBook("mallory-main", "USD"), mallory)
    with pytest.raises(Invalid):
        send(ada, make_move("t", "transfer", "USD", "-1"), book, theirs)
    assert not Balance.objects.exists()


def test_the_job_takes_back_there_what_counts_here_no_more(book, other, moved):
    Transfer.objects.filter(pk=moved[0].pk).update(status="voided")
    rebuild(book)  # as a job that matched the sender again leaves it
    assert lots(other) == [(2, 202, 1), (1, 201, 2)]
    said = JOBS["trades-valuations"].function({"book": str(book.pk)})
    assert "1 movements" in said
    assert lots(other) == []
    agree(book, other)
    said = JOBS["trades-valuations"].function({"book": str(book.pk)})
    assert "0 movements" in said


# --- mended --------------------------------------------------------------------------


def test_a_void_takes_it_back_out_of_both_books(ada, book, other, moved, make_fill):
    book_fills([make_fill("s", "sell", "1", "300", day=6, book=other.name)], ada)
    done = void_transfer(moved[0].pk, "wrong book", ada)
    assert done.matched
    assert lots(book) == [(2, 202, 1), (2, 402, 2)]
    assert lots(other) == []
    sold = Match.objects.get(book=other)
    assert (sold.reason, sold.cost) == ("missing_acquisition", 0)
    assert [(row.book, int(row.before), int(row.after)) for row in done.held] == [
        ("ada-main", 1, 4),
        ("ada-vault", 2, 0),
    ]
    agree(book, other)


def test_a_correction_takes_other_lots_to_the_other_book(ada, book, other, moved):
    correct_transfer(moved[0].pk, {"amount": "-1"}, "a digit", ada)
    assert lots(book) == [(1, 101, 1), (2, 402, 2)]
    assert lots(other) == [(1, 101, 1)]
    early = START + timedelta(days=1, hours=1)
    correct_transfer(moved[0].pk, {"at": early.isoformat()}, "earlier", ada)
    assert set(Lot.objects.filter(book=other).values_list("opened_at", flat=True)) == {
        early
    }
    agree(book, other)


def test_it_may_turn_out_to_have_been_cash(ada, book, other, moved):
    changes = {"asset": "USD", "symbol": "", "amount": "-40"}
    correct_transfer(moved[0].pk, changes, "it was dollars", ada)
    assert lots(book) == [(2, 202, 1), (2, 402, 2)]
    assert lots(other) == []
    cash = {row.book.name: row.cash for row in Balance.objects.select_related("book")}
    assert cash == {"ada-main": -644, "ada-vault": 40}
    agree(book, other)
    void_transfer(moved[0].pk, "never was", ada)
    assert Balance.objects.get(book=other).cash == 0
    agree(book, other)


def test_what_was_mended_is_later_than_anything_in_either_book(
    ada, book, other, moved, make_fill
):
    ahead = timezone.now() + timedelta(hours=1)
    Book.objects.filter(pk=other.pk).update(recorded_at=ahead)
    event = void_transfer(moved[0].pk, "wrong book", ada).event
    assert event.recorded_at > ahead
    for each in (book, other):
        each.refresh_from_db()
        assert each.recorded_at == event.recorded_at


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"to_book": "ada-third"}, "/to_book"),
        ({"amount": "3"}, "/amount"),
        ({"kind": "withdrawal"}, "/kind"),
        ({"asset": "DOGE", "symbol": "DOGE-EUR"}, "/to_book"),
    ],
)
def test_what_it_cannot_become_is_refused_and_nothing_changes(
    ada, book, other, moved, changes, pointer
):
    with pytest.raises(Invalid) as refused:
        correct_transfer(moved[0].pk, changes, "why", ada)
    assert [error.pointer for error in refused.value.errors] == [pointer]
    assert lots(other) == [(2, 202, 1), (1, 201, 2)]
    agree(book, other)


def test_the_curve_of_the_other_book_is_behind_after_a_void(ada, other, moved):
    before = ledger_states([other.pk])[other.pk].facts
    void_transfer(moved[0].pk, "wrong book", ada)
    assert ledger_states([other.pk])[other.pk].facts != before


# --- the API ------------------------------------------------------------------------


def test_each_book_alone_counts_what_crossed_and_both_together_nothing(
    client_of, ada, book, other, moved
):
    """What cost 403 was worth 600: each book's parts add up to its P&L."""
    client = client_of(ada)
    mark = {"symbol": "BTC-USD", "price": "200", "at": "2026-01-08T00:00:00Z"}
    client.post("/api/prices", {"prices": [mark]}, content_type="application/json")
    names = "total_pnl", "unrealized_pnl", "transferred"

    def parts(which):
        answer = client.get(f"/api/portfolio{which}").json()
        return tuple(Decimal(answer[name]) for name in names)

    here, there = parts(f"?book={book.pk}"), parts(f"?book={other.pk}")
    for total, unrealised, transferred in (here, there):
        assert total == unrealised + transferred
    assert here[2] == -there[2] == 600 - 403
    assert parts("") == (here[0] + there[0], here[1] + there[1], 0)


def test_a_client_books_it_and_reads_it_in_both_books(
    ada, book, other, make_fill, client_of
):
    book_fills([make_fill("f1", "buy", "2", "100", book=book.name)], ada)
    client = client_of(ada)
    body = {
        "book": book.name,
        "to_book": other.name,
        "external_id": "t",
        "kind": "transfer",
        "asset": "BTC",
        "amount": "-1",
        "at": (START + timedelta(days=1)).isoformat(),
    }
    answer = client.post("/api/transfers", body, content_type="application/json")
    assert answer.status_code == 201
    said = answer.json()
    assert (said["to_book"], said["moves"]) == (str(other.pk), "BTC-USD")
    assert (said["value"], said["value_currency"]) == ("100", "USD")
    for name in (book.name, other.name):
        listed = client.get("/api/transfers", {"book": name}).json()["transfers"]
        assert [row["id"] for row in listed] == [said["id"]]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "1"}, "/amount"),
        ({"kind": "withdrawal"}, "/kind"),
        ({"cost": "5"}, "/cost"),
        ({"to_book": "nowhere"}, "/to_book"),
    ],
)
def test_what_cannot_be_between_books_is_named(
    ada, book, other, client_of, change, field
):
    body = {
        "book": book.name,
        "to_book": other.name,
        "external_id": "t",
        "kind": "transfer",
        "asset": "USD",
        "amount": "-1",
        "at": START.isoformat(),
    } | change
    answer = client_of(ada).post(
        "/api/transfers", body, content_type="application/json"
    )
    assert answer.status_code == 422
    assert field in [error["pointer"] for error in answer.json()["errors"]]
    assert not Transfer.objects.exists()


def test_the_list_is_paged_and_narrowed(ada, mallory, book, make_move, client_of):
    moves = [make_move(f"d{day}", "deposit", "USD", "5", day=day) for day in range(3)]
    book_transfers([replace(move, book=book.name) for move in moves], ada)
    client = client_of(ada)
    first = client.get("/api/transfers", {"limit": "2"}).json()
    assert [row["external_id"] for row in first["transfers"]] == ["d2", "d1"]
    rest = client.get("/api/transfers", {"cursor": first["next_cursor"]}).json()
    assert [row["external_id"] for row in rest["transfers"]] == ["d0"]
    assert client.get("/api/transfers", {"kind": "tax"}).json()["transfers"] == []
    assert client.get("/api/transfers", {"kind": "gift"}).status_code == 400
    assert client_of(mallory).get("/api/transfers").json()["transfers"] == []
    assert Book.objects.count() == 1
