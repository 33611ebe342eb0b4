"""Files before they are booked: looked at, kept for later, and booked once."""

import gzip
import io

import pytest
from django.core.management import CommandError, call_command

from kernel.errors import Conflict, Forbidden, Invalid, TooLarge
from kernel.numbers import text
from trades.domain.formats.parsed import BrokenRow
from trades.models import BalanceStatement, Fill, ImportBatch, Price
from trades.services.amending import void_fill
from trades.services.importing import import_file, import_for
from trades.services.imports import look_for
from trades.services.previewing import (
    Consent,
    Source,
    broken_rows,
    check_size,
    look,
)
from trades.services.prices import import_prices

pytestmark = pytest.mark.django_db
HEAD = "external_id,symbol,side,quantity,price,executed_at\n"
ROWS = "a1,BTC-USD,buy,1,10,2026-01-01T00:00:00Z\na2,BTC-USD,sell,1,12,2026-01-02T00:00:00Z\n"

COINBASE = """portfolio,type,time,amount,balance,amount/balance unit,transfer id,trade id,order id
default,deposit,2026-01-01T00:00:00.000Z,{amount},{balance},USD,d-1,,
"""


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
    report = preview.report
    assert (report.new, report.duplicates) == (new, duplicates)
    assert len(report.broken) == report.broken_count == broken
    assert (report.new > 0 and not report.broken) is bookable
    assert (preview.book, preview.base_currency) == (book, "USD")
    assert not Fill.objects.exists()


def test_what_is_booked_already_is_a_duplicate(ada, book):
    import_for(source(HEAD + ROWS.splitlines()[0]), ada)
    report = look(source()).report
    assert (report.new, report.duplicates, report.booked_before) == (1, 1, False)
    import_for(source(), ada)
    report = look(source()).report
    assert (report.new, report.duplicates, report.booked_before) == (0, 2, True)


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


def test_only_fifty_broken_rows_are_named_and_all_are_counted(book):
    rows = "".join(f"b{n},BTC-USD,hold,1,1,2026-01-01T00:00:00Z\n" for n in range(60))
    assert look(source(HEAD + rows)).report.broken_count == 60
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


CLOSES = b"Date,SP500,DAX\n2026-01-02,5900.5,20000\n2026-01-05,5950,\n"


def test_daily_closes_have_a_column_for_each_symbol(tmp_path):
    path = tmp_path / "closes.csv.gz"
    path.write_bytes(gzip.compress(CLOSES, mtime=0))
    call_command(
        "import_prices", path, zone="UTC", currency="usd", stdout=io.StringIO()
    )
    stored = Price.objects.order_by("at", "symbol").values_list("symbol", "price")
    assert [(symbol, text(price)) for symbol, price in stored] == [
        ("DAX", "20000"),
        ("SP500", "5900.5"),
        ("SP500", "5950"),
    ]
    assert set(Price.objects.values_list("currency", flat=True)) == {"USD"}


@pytest.mark.parametrize(
    ("content", "options", "said"),
    [
        (CLOSES, {"zone": "UTC"}, "say the currency of SP500"),
        (CLOSES, {"currency": "USD"}, "no time zone"),
        (b"Date\n2026-01-02\n", {}, "a column for each symbol"),
        (gzip.compress(CLOSES, mtime=0)[:-9], {}, "ends too early"),
    ],
)
def test_daily_closes_that_say_too_little_store_nothing(
    tmp_path, content, options, said
):
    path = tmp_path / "closes.csv"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=said):
        call_command("import_prices", path, **options)
    assert not Price.objects.exists()


# --- rows that only the book makes impossible ----------------------------------------


def skipping(content, ada, **more):
    return import_for(source(content, **more), ada, Consent(skip_broken=True))


def test_an_id_with_other_content_is_left_out_and_named_where_that_was_agreed(
    ada, book
):
    import_for(source(), ada)
    changed = HEAD + ROWS.replace("buy,1,10", "buy,1,11")
    changed += "a3,BTC-USD,buy,1,13,2026-01-03T00:00:00Z\n"
    with pytest.raises(Invalid, match="line 2: a1 is booked already with other"):
        import_for(source(changed), ada)
    done = skipping(changed, ada)
    assert [str(row) for row in done.preview.report.broken] == [
        "line 2: a1 is booked already with other content"
    ]
    assert (done.new, done.duplicates) == (1, 1)
    prices = Fill.objects.order_by("external_id").values_list("price", flat=True)
    assert [*prices] == [10, 12, 13]


def test_a_voided_trade_is_known_by_what_was_booked(ada, book):
    import_for(source(), ada)
    void_fill(Fill.objects.get(external_id="a2").pk, "never was", ada)
    report = look(source(HEAD + ROWS.replace("sell,1,12", "sell,1,13"))).report
    assert [row.line for row in report.broken] == [3]


def test_a_transfer_with_other_content_is_a_broken_row(ada, book):
    import_for(source(COINBASE.format(amount="50.00", balance="50.00")), ada)
    other = COINBASE.format(amount="60.00", balance="60.00")
    with pytest.raises(Invalid, match="other content"):
        import_for(source(other), ada)
    left_out = skipping(other, ada).preview.report.broken
    assert [str(row) for row in left_out] == [
        "USD at 2026-01-01 00:00:00 UTC is stated already as 50.",
        "line 2: coinbase:d-1 is booked already with other content",
    ]
    assert BalanceStatement.objects.get().amount == 50


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("book", "another", "book: 'another' is not ada-main"),
        ("decision_id", "d9", "decision_id: is no decision of this book"),
        ("fee,fee_currency", "1,BTC", "fee: eats the whole quantity"),
    ],
)
def test_what_the_book_cannot_take_is_a_broken_row_and_never_booked(
    ada, book, column, cell, reason
):
    first, second = ROWS.splitlines()
    empty = "," * column.count(",")
    content = f"{HEAD.strip()},{column}\n{first},{cell}\n{second},{empty}\n".replace(
        "sell", "buy"
    )
    report = look(source(content)).report
    assert [(row.line, row.reason) for row in report.broken] == [(2, reason)]
    assert skipping(content, ada).new == 1
    assert Fill.objects.get().external_id == "a2"
