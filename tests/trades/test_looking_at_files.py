"""Files before they are booked: looked at, kept for later, and booked once."""

import io
import uuid
from dataclasses import replace

import pytest
from django.core.management import CommandError, call_command

from kernel.errors import Conflict, Forbidden, Invalid, NotFound, TooLarge
from trades.domain.formats.parsed import BrokenRow
from trades.models import Book, Fill, ImportBatch, Price
from trades.services.importing import import_file, import_for
from trades.services.previewing import (
    Source,
    broken_rows,
    check_size,
    look,
    look_for,
)
from trades.services.prices import import_prices
from trades.services.staging import book_staged, preview_of, source_of, stage, staged

pytestmark = pytest.mark.django_db
HEAD = "external_id,symbol,side,quantity,price,executed_at\n"
ROWS = "a1,BTC-USD,buy,1,10,2026-01-01T00:00:00Z\na2,BTC-USD,sell,1,12,2026-01-02T00:00:00Z\n"


def source(content=HEAD + ROWS, **more):
    values = {"file_name": "a.csv", "book": "ada-main", **more}
    return Source(content=content.encode(), **values)


@pytest.mark.parametrize(
    ("content", "new", "duplicates", "broken", "bookable"),
    [
        (HEAD + ROWS, 2, 0, 0, True),
        (HEAD + ROWS.splitlines()[0], 1, 0, 0, True),
        (HEAD + ROWS.replace("sell", "hold"), 1, 0, 1, False),
        (HEAD + ROWS.replace("a2", "a1"), 0, 0, 2, False),
    ],
)
def test_a_preview_says_what_booking_would_do(
    book, content, new, duplicates, broken, bookable
):
    preview = look(source(content))
    assert (preview.new, preview.duplicates) == (new, duplicates)
    assert len(preview.shown_broken) == broken
    assert preview.bookable is bookable
    assert (preview.book, preview.base_currency) == (book, "USD")
    assert not Fill.objects.exists()


def test_what_is_booked_already_is_a_duplicate(ada, book):
    import_for(source(HEAD + ROWS.splitlines()[0]), ada)
    preview = look(source())
    assert (preview.new, preview.duplicates, preview.bookable) == (1, 1, True)
    import_for(source(), ada)
    assert look(source()).bookable is False


@pytest.mark.parametrize(
    ("base", "expected"), [("", "USD"), ("usd", "USD"), (" EUR ", "EUR")]
)
def test_a_book_that_is_not_there_is_kept_in_the_files_currency(ada, base, expected):
    preview = look(source(book="fresh", base=base))
    assert (preview.book, preview.book_name) == (None, "fresh")
    assert preview.base_currency == expected
    done = import_for(source(book="fresh", base=base), ada)
    assert (done.created_book, done.book.base_currency) == (True, expected)
    assert done.book.owner == ada


def test_the_command_makes_a_book_for_somebody_else(ada, person):
    admin = person("root", "Administrator")
    done = import_file(source(book="fresh"), ada, admin)
    assert done.book.owner == ada
    assert ImportBatch.objects.get().created_by == admin


def test_only_fifty_broken_rows_are_shown_and_all_are_counted(book):
    rows = "".join(f"b{n},BTC-USD,hold,1,1,2026-01-01T00:00:00Z\n" for n in range(60))
    preview = look(source(HEAD + rows))
    assert (len(preview.shown_broken), len(preview.parsed.broken)) == (50, 60)
    with pytest.raises(Invalid) as refused:
        import_for(source(HEAD + rows), book.owner)
    assert "(and 57 more). Nothing was booked." in refused.value.detail
    assert len(refused.value.errors) == 50


@pytest.mark.parametrize(
    ("rows", "detail"),
    [
        ([BrokenRow(2, "is odd")], "line 2: is odd. Nothing was booked."),
        ([BrokenRow(0, "is odd")], "is odd. Nothing was booked."),
        (
            [BrokenRow(n, "x") for n in range(1, 5)],
            "line 1: x; line 2: x; line 3: x (and 1 more). Nothing was booked.",
        ),
    ],
)
def test_broken_rows_are_one_sentence(rows, detail):
    assert broken_rows(rows).detail == detail


def test_a_size_is_checked_before_reading(monkeypatch):
    monkeypatch.setattr("trades.services.previewing.LARGEST", 3)
    check_size(3)
    with pytest.raises(TooLarge, match="has 4 bytes; at most 3"):
        check_size(4)


def test_a_person_looks_into_their_own_books_only(ada, mallory, person, book):
    assert look_for(source(), ada).book == book
    with pytest.raises(Invalid, match="taken"):
        look_for(source(), mallory)
    with pytest.raises(Forbidden, match="Only the owner"):
        look_for(source(), person("vera", "Viewer"))


# --- kept for later -----------------------------------------------------------------


def test_a_staged_file_is_booked_once_and_its_bytes_are_forgotten(ada, book):
    batch = stage(source(), ada)
    assert (batch.state, source_of(batch).content) == ("staged", source().content)
    assert preview_of(batch).new == 2
    done = book_staged(batch, ada)
    batch.refresh_from_db()
    assert done.batch == batch
    assert (batch.state, batch.staged, batch.new) == ("booked", None, 2)
    assert {fill.batch for fill in Fill.objects.all()} == {batch}
    with pytest.raises(Conflict, match="booked already"):
        book_staged(batch, ada)
    assert Fill.objects.count() == 2


def test_a_staged_file_remembers_how_it_was_declared(ada, book):
    given = source(base="USD", zone="Europe/Berlin")
    batch = stage(given, ada)
    assert source_of(batch) == replace(given, file_format="own")


def test_a_staged_file_for_a_new_book_makes_it_when_booked(ada):
    batch = stage(source(book="fresh"), ada)
    assert not Book.objects.exists()
    book_staged(batch, ada)
    assert Book.objects.get().name == "fresh"


def test_a_staged_file_that_meanwhile_broke_is_refused(ada):
    batch = stage(source(book="fresh"), ada)
    batch.staged = (HEAD + ROWS.replace("sell", "hold")).encode()
    with pytest.raises(Invalid, match="line 3: side"):
        book_staged(batch, ada)
    assert not Book.objects.exists()


def test_a_name_that_somebody_took_meanwhile_is_refused(ada, mallory):
    batch = stage(source(book="fresh"), ada)
    import_for(source(book="fresh"), mallory)
    with pytest.raises(Invalid, match="taken"):
        book_staged(batch, ada)


def test_a_staged_file_with_nothing_new_leaves_no_batch(ada, book):
    import_for(source(), ada)
    batch = stage(source(), ada)
    assert book_staged(batch, ada).batch is None
    assert ImportBatch.objects.count() == 1


def test_a_batch_is_its_makers(ada, mallory, book):
    batch = stage(source(), ada)
    assert staged(batch.pk, ada) == batch
    for pk, user in ((batch.pk, mallory), (uuid.uuid4(), ada)):
        with pytest.raises(NotFound):
            staged(pk, user)


# --- prices -------------------------------------------------------------------------

PRICES = "symbol,at,price\nBTC-USD,2026-01-01T00:00:00Z,10\nBTC-USD,2026-01-02T00:00:00Z,11\n"


def test_prices_are_stored_once():
    assert import_prices(PRICES.encode()) == 2
    assert import_prices(PRICES.encode()) == 0
    assert Price.objects.count() == 2


@pytest.mark.parametrize(
    ("content", "zone", "said"),
    [
        (b"", "", "the file is empty"),
        (b"symbol,at\n", "", "needs the columns"),
        (PRICES.encode(), "Mars", "is no time zone"),
        (PRICES.replace(",11", ",-11").encode(), "", "line 3: price"),
        (PRICES.replace("T00:00:00Z", "").encode(), "", "no time zone"),
    ],
)
def test_prices_that_cannot_be_read_store_nothing(content, zone, said):
    with pytest.raises(Invalid, match=said):
        import_prices(content, zone=zone)
    assert not Price.objects.exists()


def test_another_price_of_one_moment_stores_nothing():
    import_prices(PRICES.encode())
    with pytest.raises(Conflict, match="has another price from import: 10"):
        import_prices(
            (PRICES + "ETH-USD,2026-01-01T00:00:00Z,1\n").replace(",10", ",9").encode()
        )
    assert Price.objects.count() == 2


def test_a_zone_makes_naive_prices_exact():
    import_prices(PRICES.replace("T00:00:00Z", "").encode(), zone="Asia/Tokyo")
    assert Price.objects.order_by("at")[0].at.isoformat() == "2025-12-31T15:00:00+00:00"


def test_the_command_says_how_many_or_why_not(tmp_path):
    path = tmp_path / "prices.csv"
    path.write_text(PRICES)
    out = io.StringIO()
    call_command("import_prices", path, stdout=out)
    assert out.getvalue() == "2 new prices.\n"
    path.write_text("symbol\n")
    with pytest.raises(CommandError, match="needs the columns") as refused:
        call_command("import_prices", path)
    assert refused.value.returncode == 1
    with pytest.raises(CommandError, match="No such file"):
        call_command("import_prices", tmp_path / "none.csv")
