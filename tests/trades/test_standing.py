"""Facts that were voided, replaced or undone count nowhere, however they are read."""

from decimal import Decimal

import pytest
from django.utils import timezone

from kernel.errors import Conflict
from portfolio.queries.books import scope
from portfolio.queries.stats import counters
from trades.models import LISTED, STANDING, FactStatus, Fill, Transfer
from trades.queries.assets import BookAssets
from trades.queries.facts import last_key, stored_facts
from trades.queries.marks import mark_at
from trades.queries.trades import TradeFilter, trade_page
from trades.services.fills import book_fills
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db
OUT = [status for status in FactStatus if status not in STANDING]


@pytest.fixture
def two(ada, book, make_fill, make_move):
    book_fills(
        [make_fill("f1", "buy", "2", "100"), make_fill("f2", "buy", "1", "150", 1)], ada
    )
    book_transfers([make_move("d1", "deposit", "USD", "9", day=1)], ada)
    return book


@pytest.mark.parametrize("status", OUT)
def test_a_fill_that_does_not_stand_counts_nowhere(two, ada, status):
    instrument = Fill.objects.get(external_id="f1").instrument
    Fill.objects.filter(external_id="f2").update(status=status)
    first = Fill.objects.get(external_id="f1")
    assert [fact.at for fact in stored_facts(two, instrument)] == [first.executed_at]
    last = last_key(two, instrument, BookAssets(two))
    assert last is not None
    assert last[0] == first.executed_at
    mark = mark_at(two, "BTC-USD", timezone.now())
    assert mark
    assert mark.price == Decimal(100)
    counted = counters(scope(ada, ""))
    assert (counted.trades, counted.last_trade_at) == (1, first.executed_at)


@pytest.mark.parametrize("status", OUT)
def test_a_transfer_that_does_not_stand_counts_nowhere(two, ada, status):
    Transfer.objects.update(status=status)
    assert counters(scope(ada, "")).transfers == 0


@pytest.mark.parametrize("status", FactStatus)
def test_the_list_shows_what_nothing_replaces(two, ada, status):
    Fill.objects.filter(external_id="f2").update(status=status)
    page = trade_page(ada, TradeFilter(), limit=10)
    shown = {fill.external_id for fill in page.trades}
    assert shown == ({"f1", "f2"} if status in LISTED else {"f1"})


def test_a_repeat_of_a_voided_fill_is_known_and_of_an_undone_one_new(
    two, ada, make_fill
):
    again = make_fill("f2", "buy", "1", "150", 1)
    Fill.objects.filter(external_id="f2").update(status=FactStatus.VOIDED)
    assert book_fills([again], ada).new == 0
    Fill.objects.filter(external_id="f2").update(status=FactStatus.UNDONE)
    assert book_fills([again], ada).new == 1


def test_one_id_of_two_symbols_is_two_fills(two, ada, make_fill):
    booked = book_fills([make_fill("f1", "buy", "1", "7", symbol="ETH-USD")], ada)
    assert booked.new == 1
    assert Fill.objects.filter(external_id="f1").count() == 2


def test_a_note_is_no_content_and_a_price_is(two, ada, make_fill):
    assert book_fills([make_fill("f1", "buy", "2", "100", note="seen")], ada).new == 0
    with pytest.raises(Conflict):
        book_fills([make_fill("f1", "buy", "2", "101")], ada)
