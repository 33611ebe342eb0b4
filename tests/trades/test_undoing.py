"""A booked file is undone whole, and may come anew."""

from datetime import timedelta
from decimal import Decimal

import pytest

from kernel.errors import Conflict, Invalid
from tests.trades.conftest import START
from tests.trades.files import HEAD, booked, rows, source
from trades.domain.facts import NewPrice
from trades.models import Balance, BatchEvent, Fill, ImportBatch, Match, Position
from trades.queries.known import known_books
from trades.services import import_runs, imports, undoing, waiting
from trades.services.amending import correct_fill, void_fill
from trades.services.healing import heal
from trades.services.importing import import_for
from trades.services.prices import set_prices
from trades.services.rebuilding import differences
from trades.services.regenerating import regenerate
from trades.services.undoing import undo

pytestmark = pytest.mark.django_db


def undone_at_once(batch, reason, by):
    event = undo(batch, reason, by)
    assert event is not None
    return event


def test_an_undone_file_counts_nowhere_and_may_come_anew(ada, book):
    content = rows(3)
    batch = booked(content, ada)
    event = undone_at_once(batch, "the wrong book", ada)
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
    undone = undone_at_once(batch, "the wrong book", ada).recorded_at
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
    event = undone_at_once(batch, "never bought", ada)
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


@pytest.fixture
def long_file(ada, book, monkeypatch):
    """A file that is too long for a request, with a sale of what it bought."""
    batch = booked(rows(4), ada)
    sale = "s,BTC-USD,sell,2,10,2026-02-01T00:00:00Z\n"
    import_for(source(HEAD + sale, file_name="b.csv"), ada)
    monkeypatch.setattr(undoing, "MOST_AT_ONCE", 3)
    monkeypatch.setattr(waiting, "MOST_AT_ONCE", 1)
    return batch


def test_a_long_file_is_undone_by_the_jobs(ada, book, long_file):
    assert undo(long_file, "the wrong book", ada) is None
    assert (long_file.state, Fill.objects.waiting().count()) == ("undoing", 0)
    import_runs.run(long_file.pk)
    assert Fill.objects.standing().count() == 5  # until what used them is matched
    event = BatchEvent.objects.get()
    assert (event.reason, event.author, event.pnl_after) == (
        "the wrong book",
        ada,
        None,
    )
    assert regenerate(book) == 4
    long_file.refresh_from_db()
    assert (long_file.state, long_file.done) == ("undone", long_file.total)
    event.refresh_from_db()
    assert event.pnl_after == 20
    assert [fill.external_id for fill in Fill.objects.standing()] == ["s"]
    assert {match.reason for match in Match.objects.all()} == {"missing_acquisition"}
    assert differences(book) == []
    import_runs.run(long_file.pk)  # what a lost run leaves is nothing
    assert BatchEvent.objects.count() == 1
    assert import_for(source(rows(4)), ada).new == 4
    assert differences(book) == []


def test_undoing_a_long_file_can_be_called_back_until_it_is_on_its_way(
    ada, book, long_file
):
    undo(long_file, "the wrong book", ada)
    imports.cancel(long_file)
    assert (long_file.state, long_file.undo_reason) == ("booked", "")
    import_runs.run(long_file.pk)
    assert Fill.objects.standing().count() == 5
    assert not BatchEvent.objects.exists()
    undo(long_file, "yes, the wrong book", ada)
    import_runs.run(long_file.pk)
    with pytest.raises(Conflict, match="on their way out"):
        imports.cancel(long_file)
    regenerate(book)
    assert [fill.external_id for fill in Fill.objects.standing()] == ["s"]


def test_a_long_file_that_changes_while_it_is_looked_at_is_looked_at_again(
    ada, book, long_file, monkeypatch
):
    undo(long_file, "the wrong book", ada)
    look = undoing._look
    looks: list[undoing.Leaving] = []

    def corrected_meanwhile(batch):
        leaving = look(batch)
        if not looks:
            first = Fill.objects.earliest("id")
            correct_fill(first.pk, {"symbol": "ETH-USD"}, "a slip", ada)
        looks.append(leaving)
        return leaving

    monkeypatch.setattr(undoing, "_look", corrected_meanwhile)
    import_runs.run(long_file.pk)
    regenerate(book)
    import_runs.run(long_file.pk)
    regenerate(book)
    assert len(looks) > 1
    assert [fill.external_id for fill in Fill.objects.standing()] == ["s"]
    assert differences(book) == []


def first_voided(ada, book):
    void_fill(Fill.objects.earliest("id").pk, "twice", ada)


def a_fee_healed(ada, book):
    before = START - timedelta(days=9)
    rate = NewPrice(symbol="CHF-USD", at=before, price=Decimal("1.5"), scope="own")
    set_prices([rate], ada)
    assert heal(book) == 1


@pytest.mark.parametrize("meanwhile", [first_voided, a_fee_healed])
def test_a_long_file_is_not_undone_by_what_it_was_before(
    ada, book, monkeypatch, meanwhile
):
    """What one of its facts moved was taken out twice, or not all of it."""
    monkeypatch.setattr(undoing, "MOST_AT_ONCE", 3)
    head, *lines = rows(4).splitlines()
    fees = ["", "", "", "2"]
    content = "\n".join(
        [f"{head},fee,fee_currency"]
        + [
            f"{line},{fee},{fee and 'CHF'}"
            for line, fee in zip(lines, fees, strict=True)
        ]
    )
    batch = booked(f"{content}\n", ada)
    undo(batch, "the wrong book", ada)
    look = undoing._look
    looks: list[undoing.Leaving] = []

    def looked(batch):
        leaving = look(batch)
        if not looks:
            meanwhile(ada, book)
        looks.append(leaving)
        return leaving

    monkeypatch.setattr(undoing, "_look", looked)
    import_runs.run(batch.pk)
    assert len(looks) == 2
    assert set(Fill.objects.values_list("status", flat=True)) == {"undone"}
    assert {(row.cash, row.fees) for row in Balance.objects.all()} == {(0, 0)}
    assert differences(book) == []


def test_what_is_being_undone_is_neither_known_nor_new(ada, book, long_file):
    """It was a duplicate of what was about to leave, and lost with it."""
    undo(long_file, "the wrong book", ada)
    import_runs.run(long_file.pk)
    with pytest.raises(Conflict, match="being undone with its file"):
        import_for(source(rows(2), file_name="again.csv"), ada)
    regenerate(book)
    assert import_for(source(rows(2), file_name="again.csv"), ada).new == 2


def test_the_page_and_the_api_follow_a_long_file_out(client_of, ada, book, long_file):
    client = client_of(ada)
    where, page = (
        f"/api/trades/imports/{long_file.pk}",
        f"/trades/imports/{long_file.pk}/",
    )
    asked = client.post(
        f"{where}/undo", {"reason": "the wrong book"}, "application/json"
    )
    assert (asked.status_code, asked.json()["state"]) == (202, "undoing")
    assert "Leave it booked" in client.get(page).content.decode()
    import_runs.run(long_file.pk)
    leaving = client.get(page).content.decode()
    assert "Taking the file out" in leaving
    assert "Leave it booked" not in leaving
    assert client.post(f"{where}/cancel").status_code == 409
    regenerate(book)
    assert client.get(where).json()["state"] == "undone"
    assert "Undone by ada" in client.get(page).content.decode()
    assert not ImportBatch.objects.filter(state__in=ImportBatch.WORKING).exists()
