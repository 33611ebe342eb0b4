"""What all formats share, our own rows and price files."""

from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from tests.domain.formats import NOW, broken, read
from trades.domain.facts import NewFill, NewPrice
from trades.domain.formats import prices as price_file
from trades.domain.formats.dialect import csv_rows, decoded, row_id
from trades.domain.formats.parsed import BrokenRow, NotAFile
from trades.domain.importing import FORMATS
from trades.domain.ordering import numbered, of_file, split_key

# --- what all of them share -------------------------------------------------------


def test_a_byte_order_mark_is_no_part_of_the_first_name():
    assert decoded(b"\xef\xbb\xbfsymbol") == "symbol"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,\xff\n", "line 2: this is no text file"),
        (b"a\n\0\n", "line 2: .*zero byte"),
        (b"", "is empty"),
    ],
)
def test_what_is_no_text_is_named_by_its_line(content, said):
    with pytest.raises(NotAFile, match=said):
        decoded(content)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "line 1: no header"),
        ("a,b,a\n1,2,3\n", "line 1: the column 'a' stands there twice"),
        ("a, A \n", "stands there twice"),
        ('a,b\n"1,2\n', "line 2"),
        ('"a', "line 1"),
    ],
)
def test_a_csv_that_is_none(text, said):
    with pytest.raises(NotAFile, match=said):
        list(csv_rows(text)[1])


def test_blank_lines_are_no_rows_and_lines_are_physical():
    header, rows = csv_rows(' A ,b\n\n1,"x\ny"\n , \n2,z\n')
    assert header == ["a", "b"]
    assert list(rows) == [(3, ["1", "x\ny"]), (6, ["2", "z"])]


def test_a_row_without_an_id_is_its_content_and_its_ordinal():
    seen: Counter[str] = Counter()
    first, second = row_id("csv", ["a", "b"], seen), row_id("csv", ["a", "b"], seen)
    other = row_id("csv", ["a,b"], seen)
    assert first.removesuffix(":1") == second.removesuffix(":2")
    assert other not in {first, second}
    assert row_id("csv", ["a", "b"], Counter()) == first


@pytest.mark.parametrize("name", FORMATS)
def test_a_named_format_is_believed(name):
    with pytest.raises(NotAFile):
        read("nothing of the kind", file_format=name)


def test_an_unknown_format_is_named_with_the_known_ones():
    with pytest.raises(NotAFile, match="'kraken' is no known format: own, coinbase"):
        read("a,b\n", file_format="kraken")


# --- order ------------------------------------------------------------------------


def fill(name, day, **more):
    return NewFill(
        external_id=name,
        symbol="BTC-USD",
        side="buy",
        quantity=Decimal(1),
        price=Decimal(1),
        executed_at=datetime(2026, 1, day, tzinfo=UTC),
        **more,
    )


@pytest.mark.parametrize(
    ("given", "ordered"),
    [
        ("", ""),
        ("a1", "a1.0"),
        ("a1 b2 c3", "a1.0 b2.0 c3.0"),
        ("c3 b2 a1", "a1.0 b2.0 c3.0"),  # newest first
        ("a1 b1 c1", "a1.0 b1.1 c1.2"),
        ("c2 b1 a1", "a1.0 b1.1 c2.0"),
        ("a2 b1 c2", "b1.0 a2.0 c2.1"),
    ],
)
def test_a_files_rows_come_in_order_of_time(given, ordered):
    rows = of_file([fill(name, int(name[1:])) for name in given.split()])
    assert " ".join(f"{row.external_id}.{row.sequence}" for row in rows) == ordered


def test_numbering_keeps_the_order_that_was_given():
    rows = numbered([fill("a", 2), fill("b", 1), fill("c", 2, sequence=9)])
    assert [(row.external_id, row.sequence) for row in rows] == [
        ("a", 0),
        ("b", 0),
        ("c", 1),
    ]


def test_a_split_comes_before_all_facts_of_its_time():
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert split_key(moment) < (moment, moment, 0, 0)


# --- our own ----------------------------------------------------------------------

OWN = "symbol,side,quantity,price,executed_at"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("symbol", "lacks 'side'"),
        (OWN.replace(",price", ""), "lacks 'price'"),
        (f"{OWN},when", "does not know 'when'"),
    ],
)
def test_our_header_says_what_it_lacks_and_lists_the_columns(header, said):
    with pytest.raises(NotAFile, match=f"line 1: the header {said}; columns: book"):
        read(header + "\n")


def test_our_columns_stand_in_any_order_and_case_and_empty_cells_count_as_absent():
    text = "PRICE, executed_at,Side,symbol,quantity,fee,note\n"
    text += "10,2026-01-01T00:00:00Z,buy,BTC-USD,2,,\n"
    made = read(text).fills[0]
    assert (made.price, made.quantity, made.fee, made.note) == (10, 2, 0, "")


def test_rows_of_a_zone_that_is_declared():
    text = f"{OWN}\nBTC-USD,buy,1,1,2026-01-01 00:00\n"
    assert broken(read(text)) != []
    made = read(text, zone=ZoneInfo("Asia/Tokyo")).fills[0]
    assert made.executed_at.isoformat() == "2025-12-31T15:00:00+00:00"


@pytest.mark.parametrize(
    ("symbols", "base", "quote"),
    [
        (["BTC-USD", "ETH-USD"], "", "USD"),
        (["BTC-USD", "ETH-EUR"], "", ""),
        (["AAPL"], "CHF", "CHF"),
        (["AAPL"], "", ""),
    ],
)
def test_a_file_is_kept_in_its_one_quote_currency(symbols, base, quote):
    rows = "".join(f"{one},buy,1,1,2026-01-01T00:00:00Z\n" for one in symbols)
    assert read(f"{OWN}\n{rows}", base_currency=base).quote == quote


# --- prices -----------------------------------------------------------------------


def test_prices_are_read_with_their_source_or_as_imported():
    text = "symbol,at,price,source\nBTC-USD,2026-01-01T00:00:00Z,10,desk\n"
    rows = price_file.read(
        (text + "ETH-USD,2026-01-01T00:00:00Z,5,\n").encode(), now=NOW, zone=None
    )
    assert [(row.symbol, row.source) for row in rows if isinstance(row, NewPrice)] == [
        ("BTC-USD", "desk"),
        ("ETH-USD", "import"),
    ]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("BTC-USD,2026-01-01T00:00:00Z,free", "price"),
        ("BTC-USD,2026-01-01T00:00:00Z,-1", "price"),
        ("BTC-USD,2026-01-01T00:00:00,1", "no time zone"),
        (",2026-01-01T00:00:00Z,1", "symbol"),
        ("BTC-USD,2199-01-01T00:00:00Z,1", "future"),
        ("BTC-USD", "at: is missing"),
    ],
)
def test_a_broken_price_is_named_by_its_line(row, said):
    rows = price_file.read(f"symbol,at,price\n{row}\n".encode(), now=NOW, zone=None)
    assert [type(line) for line in rows] == [BrokenRow]
    assert str(rows[0]).startswith("line 2: ")
    assert said in str(rows[0])


def test_a_price_file_needs_its_columns():
    with pytest.raises(NotAFile, match="needs the columns symbol, at, price"):
        price_file.read(b"symbol,price\n", now=NOW, zone=None)
