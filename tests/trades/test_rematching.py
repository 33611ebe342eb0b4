"""Facts that cease to count, or come to: everything that followed follows anew."""

from datetime import timedelta

import pytest

from tests.trades.conftest import START
from trades.models import Balance, Fill, Match, Position, Transfer
from trades.services.fills import book_fills
from trades.services.rebuilding import differences
from trades.services.rematching import settle
from trades.services.transfers import book_transfers

pytestmark = pytest.mark.django_db


@pytest.fixture
def history(ada, book, make_fill, make_move):
    """Two lots, a sale of the first and a deposit."""
    book_transfers([make_move("d1", "deposit", "USD", "1000")], ada)
    book_fills(
        [
            make_fill("f1", "buy", "2", "100", day=1),
            make_fill("f2", "buy", "2", "120", day=2),
            make_fill("f3", "sell", "2", "130", day=3),
        ],
        ada,
    )
    return book


def becoming(status, *ids):
    fills = list(Fill.objects.filter(external_id__in=ids).select_related("instrument"))
    for fill in fills:
        fill.becomes = status
    return fills


def usd():
    row = Balance.objects.get(currency="USD")
    return row.cash, row.realised


def test_a_fill_that_goes_gives_its_cash_and_its_matches_back(history):
    assert usd() == (1000 - 200 - 240 + 260, 60)
    settle(history, fills=becoming("voided", "f1"))
    assert usd() == (1000 - 240 + 260, 20)
    assert Match.objects.get(lot__fill__external_id="f2").realised == 20
    assert not Position.objects.exists()
    assert differences(history) == []


def test_a_fill_that_comes_back_counts_again(history):
    before = usd()
    settle(history, fills=becoming("voided", "f1", "f3"))
    settle(history, fills=becoming("booked", "f1", "f3"))
    assert usd() == before
    assert differences(history) == []


def test_a_transfer_that_goes_takes_its_cash_along(history):
    deposit = Transfer.objects.get()
    deposit.becomes = "undone"
    settle(history, transfers=[deposit])
    assert usd() == (-180, 60)
    assert differences(history) == []


def test_pairs_that_mean_something_else_are_matched_again(history):
    fill = Fill.objects.get(external_id="f2")
    Fill.objects.filter(pk=fill.pk).update(amount=250)
    settle(history, pairs={fill.instrument: START + timedelta(days=2)})
    assert Position.objects.get().amount == 250
