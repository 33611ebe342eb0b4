"""At one time what arrived first counts first, whatever it is called."""

from datetime import UTC, datetime, timedelta

import pytest

from trades.models import Balance, Book, Fill, Match, Transfer
from trades.services.books import locked, moment
from trades.services.fills import book_fills
from trades.services.rebuilding import differences
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("ids", [("999", "1000"), ("1000", "999"), ("b", "a")])
def test_fills_of_one_moment_sent_apart_count_in_the_order_of_arrival(
    ada, book, make_fill, ids
):
    bought, sold = ids
    book_fills([make_fill(bought, "buy", "1", "100")], ada)
    book_fills([make_fill(sold, "sell", "1", "110")], ada)
    assert Balance.objects.get().realised == 10
    assert differences(book) == []


def test_a_sale_that_arrived_first_is_not_healed_by_a_buy_of_its_moment(
    ada, book, make_fill
):
    book_fills([make_fill("s", "sell", "1", "110")], ada)
    book_fills([make_fill("b", "buy", "1", "100")], ada)
    assert Match.objects.get().reason == "missing_acquisition"
    assert differences(book) == []


def test_fills_of_one_call_count_in_its_order(ada, book, make_fill):
    rows = [
        make_fill("z", "buy", "1", "100", sequence=0),
        make_fill("a", "sell", "1", "110", sequence=1),
    ]
    book_fills(rows, ada)
    assert Balance.objects.get().realised == 10


def test_a_late_fact_stands_behind_those_of_its_moment(ada, book, make_fill, make_move):
    book_fills([make_fill("b1", "buy", "1", "100", day=1)], ada)
    book_fills([make_fill("b3", "buy", "1", "300", day=3)], ada)
    book_fills([make_fill("b2", "buy", "1", "200", day=1)], ada)
    book_fills([make_fill("s", "sell", "2", "400", day=4)], ada)
    costs = Match.objects.order_by("id").values_list("cost", flat=True)
    assert list(costs) == [100, 200]
    assert differences(book) == []


def test_every_call_is_recorded_later_than_the_one_before_it(
    ada, book, make_fill, make_move, monkeypatch
):
    """A clock that stands still or goes back changes no order."""
    now = datetime(2026, 5, 1, tzinfo=UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: now)
    for name in ("c", "b", "a"):
        book_fills([make_fill(name, "buy", "1", "1")], ada)
    now -= timedelta(hours=1)
    book_transfers([make_move("t", "deposit", "USD", "1")], ada)
    fills = list(Fill.objects.order_by("recorded_at"))
    assert [fill.external_id for fill in fills] == ["c", "b", "a"]
    assert Transfer.objects.get().recorded_at > fills[-1].recorded_at
    assert moment(locked(Book.objects.get())).microsecond == 4
