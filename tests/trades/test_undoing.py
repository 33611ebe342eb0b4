"""A booked file is undone whole, and may come anew."""

import pytest

from kernel.errors import Conflict, Invalid
from tests.trades.files import HEAD, booked, rows, source
from trades.models import Fill, Match, Position
from trades.queries.known import known_books
from trades.services.amending import correct_fill, void_fill
from trades.services.importing import import_for
from trades.services.rebuilding import differences
from trades.services.undoing import undo

pytestmark = pytest.mark.django_db


def test_an_undone_file_counts_nowhere_and_may_come_anew(ada, book):
    content = rows(3)
    batch = booked(content, ada)
    event = undo(batch, "the wrong book", ada)
    batch.refresh_from_db()
    assert (batch.state, event.reason, event.author) == (
        "undone",
        "the wrong book",
        ada,
    )
    assert not Fill.objects.standing().exists()
    assert not Position.objects.exists()
    assert differences(book) == []
    assert import_for(source(content), ada).new == 3
    assert Fill.objects.standing().count() == 3
    assert Position.objects.get().quantity == 3
    assert differences(book) == []


def test_undoing_takes_corrected_and_voided_facts_with_it(ada, book):
    batch = booked(rows(3), ada)
    first, second, _ = Fill.objects.order_by("id")
    correct_fill(first.pk, {"price": "5"}, "a slip", ada)
    void_fill(second.pk, "twice", ada)
    undo(batch, "all wrong", ada)
    assert set(Fill.objects.values_list("status", flat=True)) == {"undone"}
    assert differences(book) == []


def known(book, at):
    return known_books([book], at)[book.pk].positions()


def test_an_undone_file_is_known_until_it_was_undone(ada, book):
    batch = booked(rows(3), ada)
    first = Fill.objects.earliest("id")
    corrected = correct_fill(first.pk, {"price": "5"}, "a slip", ada)
    before = [first.recorded_at, corrected.event.recorded_at]
    undone = undo(batch, "the wrong book", ada).recorded_at
    assert import_for(source(rows(3)), ada).new == 3
    prices = [
        [row.price for row in Fill.objects.standing(at).order_by("executed_at")[:1]]
        for at in (*before, undone)
    ]
    assert prices == [[first.price], [5], []]
    held = [sum(p.quantity for p in known(book, at)) for at in before]
    assert held == [3, 3]
    assert known(book, undone) == []


def test_later_trades_that_used_an_undone_files_lots_are_flagged(ada, book):
    batch = booked(rows(2), ada)
    sale = "s,BTC-USD,sell,2,10,2026-02-01T00:00:00Z\n"
    import_for(source(HEAD + sale, file_name="b.csv"), ada)
    event = undo(batch, "never bought", ada)
    assert (event.pnl_before, event.pnl_after) == (17, 20)
    assert {match.reason for match in Match.objects.all()} == {"missing_acquisition"}
    assert differences(book) == []


def test_a_file_is_undone_once_and_with_a_reason(ada, book):
    batch = booked(rows(1), ada)
    with pytest.raises(Invalid, match="reason"):
        undo(batch, "  ", ada)
    undo(batch, "wrong", ada)
    with pytest.raises(Conflict, match="undone by now"):
        undo(batch, "again", ada)
