"""The mark of what a book holds: whose prices count, which is newest, and splits."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from tests.trades.conftest import START
from trades.domain.facts import NewPrice
from trades.models import Position
from trades.queries.marks import (
    first_mark_after,
    mark_at,
    mark_histories,
    mark_history,
    position_marks,
    with_candidates,
)
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.prices import set_prices
from trades.services.splits import record_split

pytestmark = pytest.mark.django_db
LATER = START + timedelta(days=300)


def price(value, day=0, symbol="BTC-USD", **more):
    return NewPrice(
        symbol=symbol, at=START + timedelta(days=day), price=Decimal(value), **more
    )


def now_marks(books, at=LATER):
    rows = Position.objects.filter(book__in=books).select_related("book", "instrument")
    return position_marks(with_candidates(rows, at), at)


def marks(book, symbol="BTC-USD", at=LATER):
    """What every reader says, which must be one thing."""
    row = Position.objects.get(book=book, instrument__symbol=symbol)
    said = [
        now_marks([book], at).get((book.pk, row.instrument_id)),
        mark_at(book, symbol, at),
        mark_history(book, [symbol]).mark(symbol, at),
        mark_histories([book], [symbol])[book.pk].mark(symbol, at),
    ]
    assert said.count(said[0]) == len(said)
    return said[0]


@pytest.fixture
def held(ada, book, make_fill):
    """Ada bought one at 100 on day 10."""
    book_fills([make_fill("f1", "buy", "1", "100", day=10)], ada)
    return book


def test_an_old_price_does_not_beat_a_newer_fill(ada, held):
    set_prices([price("999", day=2)], ada)
    mark = marks(held)
    assert (mark.price, mark.label, mark.source) == (100, "last_fill", "last_fill")


def test_a_newer_price_beats_the_fill(ada, held):
    set_prices([price("120", day=11, source="desk sheet")], ada)
    mark = marks(held)
    assert (mark.price, mark.label, mark.source) == (120, "price", "desk sheet")
    assert mark.at == START + timedelta(days=11)


def test_somebody_elses_price_moves_nobody_else(mallory, held):
    set_prices([price("1000000", day=20)], mallory)
    assert marks(held).price == 100


def test_somebody_elses_fill_is_no_mark(mallory, held, make_fill):
    create_book(NewBook("mallory-main", "USD"), mallory)
    book_fills([make_fill("m1", "buy", "1", "7", day=20)], mallory)
    assert marks(held).price == 100


def test_the_order_of_one_time(ada, keeper, held):
    assert marks(held).price == 100
    set_prices([price("110", day=10, scope="desk")], keeper)
    assert marks(held).price == 110
    set_prices([price("111", day=10, scope="desk", source="second")], keeper)
    assert marks(held).price == 111  # recorded later
    set_prices([price("90", day=10)], ada)
    assert marks(held).price == 90
    set_prices([price("112", day=10, scope="desk", source="third")], keeper)
    assert marks(held).price == 90


def test_a_gift_is_no_mark(ada, held, make_fill):
    book_fills([make_fill("g1", "buy", "1", "0", day=20)], ada)
    assert marks(held).price == 100


def test_a_split_divides_what_was_quoted_before_it(ada, held, make_split):
    record_split(make_split(10, day=12), ada)
    assert marks(held).price == 10
    assert marks(held, at=START + timedelta(days=11)).price == 100
    set_prices([price("220", day=11), price("21", day=12)], ada)
    assert marks(held).price == 21


def test_an_own_split_stands_in_the_place_of_the_desks_of_its_day(
    ada, keeper, held, make_split
):
    desk = make_split(10, day=12, scope="desk")
    record_split(desk, keeper)
    record_split(make_split(4, day=12, at=desk.at + timedelta(hours=3)), ada)
    assert marks(held).price == 25


@pytest.mark.parametrize(
    ("currency", "expected"), [("USD", 8), ("EUR", 5), ("", 8)], ids=str
)
def test_a_plain_symbol_is_priced_in_the_books_currency(
    ada, book, make_fill, currency, expected
):
    book_fills([make_fill("f1", "buy", "1", "5", symbol="AAPL")], ada)
    set_prices([price("8", day=1, symbol="AAPL", currency=currency)], ada)
    assert marks(book, "AAPL").price == expected


def test_the_first_mark_after_a_time(ada, held, make_split):
    record_split(make_split(10, day=12), ada)
    set_prices([price("21", day=13)], ada)

    def first(day):
        mark = first_mark_after(held, "BTC-USD", START + timedelta(days=day))
        return mark and mark.price

    assert [first(day) for day in (9, 10, 11, 12, 13)] == [100, 210, 210, 21, None]


def test_what_a_look_at_many_books_costs(
    ada, make_fill, make_split, django_assert_num_queries
):
    books = [create_book(NewBook(f"b{number}", "USD"), ada) for number in range(5)]
    for book in books:
        fill = make_fill("f1", "buy", "1", "100")
        book_fills([replace(fill, book=book.name)], ada)
    with django_assert_num_queries(2):
        assert len(now_marks(books)) == 5
    set_prices([price("8", day=1)], ada)
    record_split(make_split(10, day=12), ada)
    with django_assert_num_queries(5):
        assert len(now_marks(books)) == 5
