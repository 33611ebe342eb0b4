"""Transfers, splits and fees: what moves cash, what moves lots, and by how much."""

from decimal import Decimal

import pytest

from kernel.errors import Conflict
from trades.models import Balance, Book, Lot, Match, Position, Split, Transfer
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.rebuilding import differences
from trades.services.splits import record_split
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db


def cash(currency="USD"):
    row = Balance.objects.filter(currency=currency).first()
    return row.cash if row else Decimal(0)


def held(symbol="BTC-USD"):
    rows = Position.objects.filter(instrument__symbol=symbol)
    return sum((row.quantity for row in rows), Decimal(0))


@pytest.mark.parametrize(
    ("kind", "asset", "amount", "more", "moved", "left"),
    [
        ("deposit", "USD", "100", {}, "100", "2"),
        ("withdrawal", "USD", "-40", {}, "-40", "2"),
        ("dividend", "USD", "7", {"symbol": "BTC-USD"}, "7", "2"),
        ("funding", "USD", "-3", {"symbol": "BTC-USD"}, "-3", "2"),
        ("fee", "USD", "-1", {}, "-1", "2"),
        ("tax", "USD", "-1", {}, "-1", "2"),
        ("transfer", "BTC", "1", {"symbol": "BTC-USD"}, "0", "3"),
        ("transfer", "BTC", "-1", {"symbol": "BTC-USD"}, "0", "1"),
        ("transfer", "BTC", "-1", {}, "0", "1"),  # BTC is traded: it is no cash
        ("fee", "BTC", "-0.5", {}, "0", "1.5"),
        ("deposit", "BTC", "0.25", {}, "0", "2.25"),
    ],
)
def test_cash_moves_the_balance_and_coins_move_lots(
    ada, book, make_fill, make_move, kind, asset, amount, more, moved, left
):
    book_fills([make_fill("f1", "buy", "2", "100")], ada)
    before = cash()
    book_transfers([make_move("t1", kind, asset, amount, day=1, **more)], ada)
    assert (cash() - before, held()) == (Decimal(moved), Decimal(left))
    assert differences(book) == []


def test_an_asset_that_nobody_trades_is_cash(ada, book, make_move):
    book_transfers([make_move("t1", "deposit", "XRP", "5")], ada)
    assert (cash("XRP"), Lot.objects.count()) == (5, 0)


@pytest.mark.parametrize(
    ("kind", "realised"),
    [("transfer", 0), ("withdrawal", 0), ("fee", -100), ("tax", -100)],
)
def test_coins_that_leave_realise_nothing_and_a_fee_loses_their_cost(
    ada, book, make_fill, make_move, kind, realised
):
    book_fills([make_fill("f1", "buy", "2", "100")], ada)
    book_transfers([make_move("t1", kind, "BTC", "-1", day=1)], ada)
    match = Match.objects.get()
    assert (match.realised, match.cost) == (realised, 100)
    assert match.kind == ("transfer" if realised == 0 else "fee")


@pytest.mark.parametrize(
    ("cost", "reason", "realised"),
    [(Decimal(80), "", 40), (Decimal(0), "", 120), (None, "missing_cost", None)],
)
def test_coins_that_come_cost_what_was_stated(
    ada, book, make_fill, make_move, cost, reason, realised
):
    move = make_move("t1", "transfer", "BTC", "1", symbol="BTC-USD", cost=cost)
    book_transfers([move], ada)
    book_fills([make_fill("f1", "sell", "1", "120", day=1)], ada)
    match = Match.objects.get()
    assert (match.realised, match.reason) == (realised, reason)


def test_more_coins_leave_than_there_are(ada, book, make_fill, make_move):
    book_fills([make_fill("f1", "buy", "1", "100")], ada)
    book_transfers([make_move("t1", "transfer", "BTC", "-3", day=1)], ada)
    assert [(m.quantity, m.reason) for m in Match.objects.order_by("id")] == [
        (1, ""),
        (2, "missing_acquisition"),
    ]
    assert held() == 0


def test_a_late_transfer_is_matched_as_if_it_had_come_in_time(
    ada, book, make_fill, make_move
):
    book_fills([make_fill("f1", "sell", "1", "120", day=5)], ada)
    assert Match.objects.get().reason == "missing_acquisition"
    move = make_move("t1", "transfer", "BTC", "1", symbol="BTC-USD", cost=Decimal(50))
    book_transfers([move], ada)
    assert Match.objects.get().realised == 70
    assert differences(book) == []


# --- splits ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ratio", "left"),
    [
        ((2, 1), "6"),
        ((3, 2), "4.5"),
        ((1, 10), "0.3"),
        ((1, 7), "0.428571428571428571"),
    ],
)
def test_a_split_multiplies_what_is_held_and_leaves_amounts(
    ada, book, make_fill, make_split, ratio, left
):
    book_fills([make_fill("f1", "buy", "3", "100")], ada)
    split, _ = record_split(make_split(*ratio, day=1), ada)
    lot = Lot.objects.get()
    assert (held(), lot.remaining_amount, lot.quantity) == (Decimal(left), 300, 3)
    assert str(split) == f"BTC-USD {ratio[0]}:{ratio[1]}"
    assert differences(book) == []


def test_a_split_of_a_moment_is_recorded_once(ada, book, make_fill, make_split):
    book_fills([make_fill("f1", "buy", "3", "100")], ada)
    first, _ = record_split(make_split(2, day=1), ada)
    assert record_split(make_split(2, day=1), ada) == (first, False)
    with pytest.raises(Conflict, match="another split"):
        record_split(make_split(3, day=1), ada)
    assert (held(), Split.objects.count()) == (6, 1)


@pytest.mark.parametrize(
    ("scope", "held"), [("own", [2, 1]), ("desk", [2, 2])], ids=["own", "desk"]
)
def test_whose_books_a_split_counts_in(
    ada, mallory, keeper, make_fill, make_split, scope, held
):
    for user in (ada, mallory):
        name = f"{user.username}-main"
        create_book(NewBook(name, "USD"), user)
        book_fills([make_fill("f1", "buy", "1", "100", book=name)], user)
    by = ada if scope == "own" else keeper
    record_split(make_split(2, day=1, scope=scope), by)
    assert [row.quantity for row in Position.objects.order_by("id")] == held
    assert [line for one in Book.objects.all() for line in differences(one)] == []


def test_a_split_comes_before_the_fills_of_its_moment(ada, book, make_fill, make_split):
    book_fills([make_fill("f1", "buy", "1", "100")], ada)
    record_split(make_split(2, day=1), ada)
    book_fills([make_fill("f2", "buy", "1", "50", day=1)], ada)
    assert held() == 3


# --- repeats --------------------------------------------------------------------------


def test_a_repeated_transfer_is_the_same_one(ada, book, make_move):
    move = make_move("t1", "deposit", "USD", "5")
    first, fresh = book_transfers([move], ada)
    again, known = book_transfers([move], ada)
    assert (first[0].pk, fresh, known) == (again[0].pk, 1, 0)
    assert (cash(), Transfer.objects.count()) == (5, 1)


def test_one_id_twice_in_a_call_is_one_transfer_when_equal_and_a_conflict_when_not(
    ada, book, make_move
):
    move = make_move("t1", "deposit", "USD", "5")
    assert book_transfers([move, move], ada)[1] == 1
    with pytest.raises(Conflict) as refused:
        book_transfers([move, make_move("t1", "deposit", "USD", "6")], ada)
    assert [fault.pointer for fault in refused.value.errors] == [
        "/trades/1/external_id"
    ]
    assert cash() == 5
