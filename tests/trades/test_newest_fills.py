"""The newest fact of a pair reads the lots that it closes, not all that are open."""

from decimal import Decimal
from random import Random

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from trades.models import Lot, Position
from trades.services.books import NewBook, create_book
from trades.services.fills import book_fills
from trades.services.rebuilding import differences

pytestmark = pytest.mark.django_db


def lots_read(context):
    """How many queries read open lots, and how many rows they may give."""
    return [
        query["sql"]
        for query in context.captured_queries
        if query["sql"].startswith("SELECT")
        and '"trades_lot"."remaining_fee"' in query["sql"]
    ]


@pytest.fixture
def many_lots(ada, book, make_fill):
    rows = [make_fill(f"f{i}", "buy", "1", str(100 + i), i / 100) for i in range(450)]
    book_fills(rows, ada)
    return book


@pytest.mark.parametrize(("sold", "reads", "left"), [("2", 1, 448), ("250", 3, 200)])
def test_a_sale_reads_the_lots_it_closes(many_lots, ada, make_fill, sold, reads, left):
    with CaptureQueriesContext(
        connection,
    ) as context:
        book_fills([make_fill("s", "sell", sold, "900", day=9)], ada)
    assert len(lots_read(context)) == reads
    position = Position.objects.get()
    assert (position.quantity, position.lots) == (left, left)
    first = Lot.objects.filter(remaining_quantity__gt=0).order_by("id")[0]
    assert position.opened_at == first.acquired_at
    assert differences(many_lots) == []


def test_a_sale_of_everything_closes_the_position(many_lots, ada, make_fill):
    book_fills([make_fill("s", "sell", "450", "900", day=9)], ada)
    assert not Position.objects.exists()
    assert differences(many_lots) == []


def test_dust_behind_the_last_whole_lot_is_swept(ada, book, make_fill):
    rows = [make_fill(f"f{i}", "buy", "1", "100", i / 100) for i in range(99)]
    rows.append(make_fill("crumb", "buy", "0.0000000000001", "100", day=2))
    book_fills(rows, ada)
    book_fills([make_fill("s", "sell", "99", "900", day=9)], ada)
    assert not Position.objects.exists()
    assert differences(book) == []


@pytest.mark.parametrize("seed", range(8))
def test_one_by_one_is_what_a_rebuild_gives(ada, make_fill, seed, monkeypatch):
    """Long and short, in two strategies, with fees in kind, read four lots a time."""
    monkeypatch.setattr("trades.services.pairs.LOTS", 4)
    random = Random(seed)
    book = create_book(NewBook("wild", "USD", allow_short=True), ada)
    for index in range(60):
        side = random.choice(["buy", "sell"])
        size = str(random.choice([1, 1, 2, 9]))
        fee = {"fee": Decimal("0.01"), "fee_currency": random.choice(["BTC", "USD"])}
        book_fills(
            [
                make_fill(
                    f"f{index}",
                    side,
                    size,
                    str(random.randint(90, 110)),
                    index,
                    strategy=random.choice(["", "slow"]),
                    book="wild",
                    **fee,
                )
            ],
            ada,
        )
    assert differences(book) == []
    assert Lot.objects.filter(remaining_quantity=0).count() > 10
