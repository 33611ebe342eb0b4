"""What all formats share, and price files."""

import re
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from tests.domain.formats import NOW, read
from trades.domain.facts import NewFill, NewPrice
from trades.domain.formats import prices as price_file
from trades.domain.formats.dialect import Table
from trades.domain.formats.identity import row_id
from trades.domain.formats.parsed import BrokenRow, Declared, NotAFile
from trades.domain.importing import FORMATS
from trades.domain.ordering import numbered, split_key

# --- what all of them share -------------------------------------------------------


def table(text, **declared):
    content = text if isinstance(text, bytes) else text.encode()
    return Table(content, Declared(**declared))


def rows_of(text, **declared):
    read = table(text, **declared)
    return list(read.rows(read.header, []))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"a,b\n1,\xff\n", "line 2: this is no text file.*byte 0xff is not UTF-8"),
        (b"a\r1\r\xff\r", "line 3: "),
        (b"a\n\0\n", "line 2: .*zero byte"),
        (b"", "is empty"),
        (b"\x1f\x8b\x08", r"compressed file \(gzip\): unpack it first"),
        (b"\xd0\xcf\x11\xe0", "old Excel workbook"),
        (b"%PDF-1.7", "is a PDF"),
        (b"\xff\xfea", "line 1: .*is not UTF-16"),
    ],
)
def test_what_is_no_text_is_named_by_its_line(content, said):
    with pytest.raises(NotAFile, match=said):
        table(content)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("\n\n,\n", "line 1: no header"),
        ('"sep=|"\na|b\n', "'sep=|' names no known separator"),
        ('a,b\n"1,2\n', "line 2"),
        ('"a', "line 1"),
        ("sep=|\na|b\n", "'sep=|' names no known separator"),
        ("sep=\na;b\n", "names no known separator"),
        (",".join(map(str, range(1001))), "1,001 columns; at most 1,000 are read"),
    ],
)
def test_a_csv_that_is_none(text, said):
    with pytest.raises(NotAFile, match=re.escape(said)):
        rows_of(text)


def test_an_encoding_that_is_not_read_is_named_with_those_that_are():
    with pytest.raises(NotAFile, match="'koi8-r' is not read; known: UTF-8, UTF-16"):
        table("a,b\n", encoding="koi8-r")


def test_blank_lines_are_no_rows_and_lines_are_physical():
    read = table(' A ,b\n\n1,"x\ny"\n , \n2,z\n')
    assert read.header == ["a", "b"]
    assert list(read.rows(read.header, [])) == [
        (3, {"a": "1", "b": "x\ny"}),
        (6, {"a": "2", "b": "z"}),
    ]


ROWS = [(2, {"a": "1", "b": "é"}), (3, {"b": "2"})]


@pytest.mark.parametrize(
    ("content", "separator", "encoding", "declared"),
    [
        ("a,b\n1,é\n,2\n", ",", "UTF-8", {}),
        ("\ufeffa,b\n1,é\n,2\n", ",", "UTF-8", {}),
        ("a;b\n1;é\n;2\n", ";", "UTF-8", {}),
        ("a\tb\n1\té\n\t2\n", "\t", "UTF-8", {}),
        ('"a","b"\n"1","é"\n"","2"\n', ",", "UTF-8", {}),
        ('"a;,";b\n1;é\n;2\n', ";", "UTF-8", {}),
        ("a,b\r\n1,é\r\n,2\r\n", ",", "UTF-8", {}),
        ("a,b\r1,é\r,2\r", ",", "UTF-8", {}),
        ("a,b\n1,é\n,2\n".encode("utf-16"), ",", "UTF-16", {}),
        ("\ufeffa;b\n1;é\n;2\n".encode("utf-16-be"), ";", "UTF-16", {}),
        ("a,b\n1,é\n,2\n".encode("cp1252"), ",", "CP1252", {"encoding": "CP1252"}),
        (
            "a,b\n1,é\n,2\n".encode("cp1252"),
            ",",
            "CP1252",
            {"encoding": "windows-1252"},
        ),
    ],
)
def test_every_dialect_reads_the_same(content, separator, encoding, declared):
    read = table(content, **declared)
    names = ["a", "b"]
    assert [(line, row) for line, row in read.rows(names, [])] == ROWS
    said = read.dialect(names)
    assert (said.separator, said.encoding) == (separator, encoding)
    assert said.columns[1].samples == ("é", "2")


@pytest.mark.parametrize("said", ["sep=;", '"sep=;"', "SEP=;"])
def test_a_line_that_names_the_separator_counts_as_a_line(said):
    read = table(f"{said}\r\na;b\r\n1;2\r\n")
    assert read.header_line == 2
    assert list(read.rows(read.header, [])) == [(3, {"a": "1", "b": "2"})]


def test_a_column_may_stand_twice_unless_it_is_read():
    read = table("a,total,Total\n1,2,3\n")
    names = read.names_of({"a": "a"})
    assert list(read.rows(names, [])) == [(2, {"a": "1"})]
    assert read.dialect(names).ignored == ["total", "Total"]
    twice = re.escape("line 1: the column 'total' stands there twice")
    with pytest.raises(NotAFile, match=twice):
        read.names_of({"total": "amount"})


def test_columns_that_are_read_as_nothing_are_named():
    read = table("a,Their Own\n1,2\n")
    assert read.dialect(["a", ""]).ignored == ["Their Own"]
    assert list(read.rows(["a", ""], [])) == [(2, {"a": "1"})]


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
    with pytest.raises(NotAFile, match="'excel' is no known format: own, coinbase"):
        read("a,b\n", file_format="excel")


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


def test_numbering_keeps_the_order_that_was_given():
    given = [fill("a", 2), fill("b", 1), fill("c", 2, sequence=9), fill("d", 2)]
    assert [(row.external_id, row.sequence) for row in numbered(given)] == [
        ("a", 0),
        ("b", 0),
        ("c", 1),
        ("d", 2),
    ]


def test_a_split_comes_before_all_facts_of_its_time():
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    assert split_key(moment) < (moment, moment, 0, 0)


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
        ("BTC-USD", "has 1 cells, the header 3"),
        ("BTC-USD,,1", "at: is missing"),
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


def test_rows_that_end_in_separators_say_no_more_than_others():
    read = table("a,b\n1,2,\n3,4, ,\n5,6,7\n")
    broken: list[BrokenRow] = []
    assert [row["b"] for _, row in read.rows(read.header, broken)] == ["2", "4"]
    assert [str(row) for row in broken] == ["line 4: has 3 cells, the header 2"]


def test_objects_on_lines_of_their_own_are_no_document():
    with pytest.raises(NotAFile, match=r"is JSON Lines.*as CSV"):
        read('{"a": 1}\n{"a": 2}\n')
