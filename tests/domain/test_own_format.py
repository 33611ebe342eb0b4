"""Our own CSV: whose columns are which, which rows are the same, what is said."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from tests.domain.formats import broken, read
from trades.domain.formats.parsed import NotAFile, UnmappedColumns

OWN = "symbol,side,quantity,price,executed_at"
ROW = "GOLD-EUR,buy,2,10,2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        ("symbol", ["side", "quantity", "price", "executed_at"]),
        (OWN.replace(",price", ""), ["price"]),
        ("when,what,how many", ["symbol", "side", "quantity", "price", "executed_at"]),
    ],
)
def test_a_table_says_which_of_our_names_it_lacks(header, missing):
    with pytest.raises(UnmappedColumns) as said:
        read(f"{header}\n{','.join('x' * len(header.split(',')))}\n")
    assert list(said.value.missing) == missing
    assert [column.theirs for column in said.value.columns] == header.split(",")
    assert {column.samples for column in said.value.columns} == {("x",)}


def test_our_columns_stand_in_any_order_and_case_and_empty_cells_count_as_absent():
    text = "PRICE, executed_at,Side,symbol,quantity,fee,note\n"
    text += "10,2026-01-01T00:00:00Z,buy,BTC-USD,2,,\n"
    made = read(text).fills[0]
    assert (made.price, made.quantity, made.fee, made.note) == (10, 2, 0, "")


def test_columns_that_are_not_ours_are_ignored_and_named():
    parsed = read(f"{OWN},Venue,total\n{ROW},north,20\n")
    assert parsed.dialect.ignored == ["Venue", "total"]
    assert len(parsed.fills) == 1


MAPPING = {
    "Pair": "symbol",
    "Direction": "side",
    "Size": "quantity",
    "At price": "price",
    "Time": "executed_at",
}


def test_columns_are_mapped_by_hand():
    text = "Time,Pair,Direction,Size,At price,symbol\n"
    text += "2026-01-01T00:00:00Z,GOLD-EUR,buy,2,10,other\n"
    (made,) = read(text, mapping=MAPPING).fills
    assert (made.symbol, made.quantity, made.price) == ("GOLD-EUR", 2, 10)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Colour": "note"}, "no column 'colour'"),
        ({"Time": "when"}, "'when' is none of our names"),
        ({"Time": "price"}, "two columns are mapped to 'price'"),
    ],
)
def test_a_mapping_that_cannot_be_meant(changes, said):
    with pytest.raises(NotAFile, match=said):
        read("Time,Pair,Direction,Size,At price\n", mapping={**MAPPING, **changes})


@pytest.mark.parametrize(
    ("row", "declared", "said"),
    [
        ("2,5;10", {}, "'2,5' is not a number; is it a decimal comma? Then declare it"),
        ("2;1.234,5", {"decimal_comma": True}, "holds a point"),
    ],
)
def test_a_decimal_comma_is_never_guessed(row, declared, said):
    head = "symbol;side;executed_at;quantity;price\n"
    parsed = read(f"{head}GOLD-EUR;buy;2026-01-01T00:00:00Z;{row}\n", **declared)
    assert parsed.fills == []
    assert said in broken(parsed)[0]


def test_a_declared_decimal_comma_is_a_point():
    head = "symbol;side;executed_at;quantity;price\n"
    parsed = read(
        f"{head}GOLD-EUR;buy;2026-01-01T00:00:00Z;2,5;10\n", decimal_comma=True
    )
    assert str(parsed.fills[0].quantity) == "2.5"


def test_a_broken_row_is_one_with_all_of_its_faults():
    parsed = read(f"{OWN}\nGOLD-EUR,hold,0,10,2026-01-01T00:00:00Z\n")
    assert len(parsed.broken) == 1
    assert "side" in broken(parsed)[0]
    assert "quantity" in broken(parsed)[0]


# --- which rows are the same ------------------------------------------------------


def ids(text, **declared):
    return sorted(fill.external_id for fill in read(text, **declared).fills)


@pytest.mark.parametrize(
    "text",
    [
        f"{OWN},note\n{ROW},a note\n",
        f"{OWN}\nGOLD/EUR,BUY,2.0,1e1,2026-01-01T01:00:00+01:00\n",
        f"{OWN},fee\n{ROW},0.00\n",
        f"{OWN},fee,fee_currency\n{ROW},0,BTC\n",
        f"{OWN},strategy\n{ROW},grid\n",
        "side,symbol,price,executed_at,quantity\nbuy,gold-eur,10,2026-01-01 00:00:00 UTC,2\n",
    ],
)
def test_a_row_without_an_id_is_what_it_says_not_how_it_is_written(text):
    assert ids(text) == ids(f"{OWN}\n{ROW}\n")


@pytest.mark.parametrize(
    "text",
    [
        f"{OWN}\n{ROW.replace('buy', 'sell')}\n",
        f"{OWN}\n{ROW.replace(',2,', ',2.1,')}\n",
        f"{OWN}\n{ROW.replace('00:00:00Z', '00:00:00.000001Z')}\n",
        f"{OWN}\n{ROW.replace('GOLD', 'TIN')}\n",
        f"{OWN},fee\n{ROW},0.1\n",
    ],
)
def test_a_row_that_says_something_else_is_another(text):
    assert ids(text) != ids(f"{OWN}\n{ROW}\n")


def test_a_fee_named_in_the_quote_currency_is_one_in_the_quote_currency():
    plain = ids(f"{OWN},fee\n{ROW},0.1\n")
    assert ids(f"{OWN},fee,fee_currency\n{ROW},0.1,EUR\n") == plain
    assert ids(f"{OWN},fee,fee_currency\n{ROW},0.1,GOLD\n") != plain
    share = ROW.replace("GOLD-EUR", "ACME")
    assert ids(f"{OWN},fee,fee_currency\n{share},0.1,EUR\n", base_currency="EUR") == (
        ids(f"{OWN},fee\n{share},0.1\n", base_currency="EUR")
    )


def test_twins_are_two_whatever_stands_between_them():
    other = ROW.replace("GOLD", "TIN")
    text = f"{OWN}\n{ROW}\n{other}\n{ROW}\n"
    assert len(set(ids(text))) == 3
    assert ids(text) == ids(f"{OWN}\n{other}\n{ROW}\n{ROW}\n")


@pytest.mark.parametrize(
    ("second", "fills", "duplicates", "lines"),
    [
        (ROW.replace(",2,", ",2.00,"), 1, 1, []),
        (f"{ROW[:-1]}+00:00", 1, 1, []),
        (ROW.replace(",10,", ",11,"), 0, 0, [2, 3]),
        (ROW.replace("GOLD", "TIN"), 2, 0, []),  # ids repeat across symbols
    ],
)
def test_an_id_that_stands_twice(second, fills, duplicates, lines):
    parsed = read(f"external_id,{OWN}\nx1,{ROW}\nx1,{second}\n")
    assert (len(parsed.fills), parsed.duplicates) == (fills, duplicates)
    assert [row.line for row in parsed.broken] == lines


def test_of_two_notes_of_one_id_the_first_stands():
    parsed = read(f"external_id,{OWN},note\nx1,{ROW},morning\nx1,{ROW},evening\n")
    assert [fill.note for fill in parsed.fills] == ["morning"]
    assert parsed.duplicates == 1


def test_a_clash_names_every_line_but_its_own():
    rows = "\n".join(
        f"x1,{ROW.replace(',10,', f',{price},')}" for price in (10, 11, 12)
    )
    said = broken(read(f"external_id,{OWN}\n{rows}\n"))
    assert said[1] == ("line 3: external_id: x1 stands in line 2, 4 with other content")


# --- times ------------------------------------------------------------------------

TOKYO = ZoneInfo("Asia/Tokyo")


def test_rows_of_a_zone_that_is_declared():
    text = f"{OWN}\nBTC-USD,buy,1,1,2026-01-01 00:00\n"
    assert "declare the zone" in broken(read(text))[0]
    made = read(text, zone=TOKYO).fills[0]
    assert made.executed_at.isoformat() == "2025-12-31T15:00:00+00:00"


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("1767225600123", datetime(2026, 1, 1, 0, 0, 0, 123_000, UTC)),
        ("2026-01-01 00:00:00 utc", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T00:00:00.1234567Z", datetime(2026, 1, 1, 0, 0, 0, 123_456, UTC)),
        ("2026-01-01T00:00:00.123456000Z", datetime(2026, 1, 1, 0, 0, 0, 123_456, UTC)),
    ],
)
def test_times_as_files_write_them(written, at):
    parsed = read(f"{OWN}\nBTC-USD,buy,1,1,{written}\n")
    assert [fill.executed_at for fill in parsed.fills] == [at]
    cut = "1 time is finer than a microsecond; the digits beyond were cut off"
    assert parsed.notes == ([cut] if "4567" in written else [])


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
    rows = "".join(f"{symbol},buy,1,1,2026-01-01T00:00:00Z\n" for symbol in symbols)
    assert read(f"{OWN}\n{rows}", base_currency=base).quote == quote


@pytest.mark.parametrize(
    ("price", "declared", "said"),
    [
        ('"1,234.56"', {}, "without thousands separators"),
        ("1'234.56", {}, "without thousands separators"),
        ('"1.234,56"', {"decimal_comma": True}, "without thousands separators"),
        ('"1\u202f234,56"', {"decimal_comma": True}, "without thousands separators"),
        ('"1234,56"', {}, "is it a decimal comma? Then declare it"),
    ],
)
def test_a_spreadsheets_number_is_refused_with_what_to_do(price, declared, said):
    text = f"{OWN}\nGOLD-EUR,buy,2,{price},2026-01-01T00:00:00Z\n"
    assert broken(read(text, **declared))[0].endswith(said)


@pytest.mark.parametrize("id", ["1.70457E+18", '"1,70457E+18"', "2e+15"])
def test_an_id_that_a_spreadsheet_shortened_stands_for_several(id):
    parsed = read(f"external_id,{OWN}\n{id},{ROW}\n{id},{ROW}\n")
    assert (parsed.fills, parsed.duplicates) == ([], 0)
    assert ["was shortened by a spreadsheet" in line for line in broken(parsed)] == [
        True,
        True,
    ]
