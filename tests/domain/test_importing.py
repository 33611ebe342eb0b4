"""What files say and which line is wrong; all content here is our own."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from trades.domain.formats.dialect import LARGEST
from trades.domain.formats.parsed import Declared, NotAFile
from trades.domain.importing import read_file

NOW = datetime(2026, 6, 1, tzinfo=UTC)
HEAD = "external_id,symbol,side,quantity,price,executed_at\n"
GOOD = "a1,BTC-USD,buy,1,10,2025-01-01T00:00:00Z\n"


def read(words, **more):
    content = words if isinstance(words, bytes) else words.encode()
    return read_file(content, Declared(**more), now=NOW)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (bytes(range(256)) * 50, "line 3: this is no text file"),
        (b"a\0b", "zero byte"),
        (b"# Only prose\n", "neither our CSV"),
        (HEAD.encode(), "no rows"),
        (b"symbol,side\n", "no column is read as 'quantity'"),
        (b"a,b,c\n1,2,3\n", "no format that is known"),
        (b"{}", "no freqtrade export"),
        (b"[1]", "no list of ccxt's trades"),
        (b"{", "no JSON"),
        (b'{"strategy": {"s": {"trades": []}}}', "no trades"),
        (b"x" * (LARGEST + 1), "at most"),
    ],
)
def test_what_is_no_such_file_is_refused_with_a_reason(content, said):
    with pytest.raises(NotAFile, match=said):
        read(content)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("a2,BTC-USD,buy,one,10,2025-01-01T00:00:00Z", "quantity: 'one'"),
        ("a2,BTC-USD,buy,NaN,10,2025-01-01T00:00:00Z", "quantity"),
        ("a2,BTC-USD,buy,1,1e400,2025-01-01T00:00:00Z", "price"),
        ("a2,BTC-USD,buy,-1,10,2025-01-01T00:00:00Z", "greater than 0"),
        ("a2,BTC-USD,buy,0,10,2025-01-01T00:00:00Z", "greater than 0"),
        ("a2,BTC-USD,hold,1,10,2025-01-01T00:00:00Z", "side: 'hold'"),
        ("a2,BTC-USD,buy,1,10,2025-01-01T00:00:00", "no time zone"),
        ("a2,BTC-USD,buy,1,10,2199-01-01T00:00:00Z", "future"),
        ("a2,BTC-USD,buy,1,10,yesterday", "no time"),
        ("a2,BTC-USD,buy,1.0000000000000000001,10,2025-01-01T00:00:00Z", "18 decimals"),
        ("a2,BTC-USD,buy,1", "4 cells"),
        ("a2,,buy,1,10,2025-01-01T00:00:00Z", "symbol"),
    ],
)
def test_a_broken_row_is_named_by_its_physical_line(row, said):
    parsed = read(HEAD + GOOD + "\n" + row + "\n")
    assert [one.line for one in parsed.broken] == [4]
    assert said in str(parsed.broken[0])
    assert len(parsed.fills) == 1


def test_a_quoted_line_break_does_not_shift_the_lines():
    head = HEAD.replace("\n", ",note\n")
    rows = 'a1,BTC-USD,buy,1,10,2025-01-01T00:00:00Z,"two\nlines"\na2,BTC-USD,buy,x,1,2025-01-01T00:00:00Z,\n'
    assert [one.line for one in read(head + rows).broken] == [4]


def test_a_declared_zone_makes_naive_times_and_dates_exact():
    parsed = read(
        HEAD + "a1,BTC-USD,buy,1,10,2025-07-01\na2,BTC-USD,buy,1,10,2025-07-01 12:00\n",
        zone=ZoneInfo("Europe/Berlin"),
    )
    assert [f.executed_at.isoformat() for f in parsed.fills] == [
        "2025-06-30T22:00:00+00:00",
        "2025-07-01T10:00:00+00:00",
    ]


def test_rows_without_ids_keep_identical_fills_apart_and_the_same_next_time():
    words = HEAD.replace("external_id,", "") + GOOD.replace("a1,", "") * 2
    first, second = read(words), read(words)
    ids = [fill.external_id for fill in first.fills]
    assert len(set(ids)) == 2
    assert ids == [fill.external_id for fill in second.fills]


def test_a_file_listed_newest_first_is_reversed_and_equal_times_are_numbered():
    rows = "c,BTC-USD,buy,1,1,2025-01-02T00:00:00Z\nb,BTC-USD,buy,1,1,2025-01-01T00:00:00Z\na,BTC-USD,buy,1,1,2025-01-01T00:00:00Z\n"
    parsed = read(HEAD + rows)
    assert [(f.external_id, f.sequence) for f in parsed.fills] == [
        ("a", 0),
        ("b", 1),
        ("c", 2),
    ]


def test_scientific_notation_is_exact():
    parsed = read(HEAD + "a1,BTC-USD,buy,1e-18,1.5E3,2025-01-01T00:00:00Z\n")
    assert parsed.fills[0].quantity == Decimal("0.000000000000000001")
    assert parsed.fills[0].price == 1500


STATEMENT = """portfolio,type,time,amount,balance,amount/balance unit,transfer id,trade id,order id
default,deposit,2025-01-01T00:00:00Z,100,100,USD,d1,,
default,match,2025-01-02T00:00:00Z,-30,70,USD,,7,o1
default,match,2025-01-02T00:00:00Z,0.5,0.5,BTC,,7,o1
default,fee,2025-01-02T00:00:00Z,-0.3,69.7,USD,,7,o1
"""


def test_a_statement_makes_one_fill_of_two_legs_and_a_fee():
    parsed = read(STATEMENT)
    fill = parsed.fills[0]
    assert parsed.broken == []
    assert (fill.symbol, fill.side, fill.quantity) == ("BTC-USD", "buy", Decimal("0.5"))
    assert (fill.amount, fill.price, fill.fee, fill.fee_currency) == (
        30,
        60,
        Decimal("0.3"),
        "USD",
    )
    assert parsed.quote == "USD"
    assert parsed.stated == {"balance BTC": "0.5", "balance USD": "69.7"}


def test_a_running_balance_that_does_not_add_up_is_named():
    parsed = read(STATEMENT.replace("69.7", "69.8"))
    assert [str(row) for row in parsed.differences] == [
        "line 5: balance of USD: 69.8 stated, 69.7 by the rows"
    ]


def test_a_fill_with_one_leg_is_broken():
    lines = STATEMENT.splitlines(keepends=True)
    parsed = read("".join(lines[:3]))
    assert "two legs" in parsed.broken[0].reason


def export(**changes):
    trade = {
        "pair": "ETH/USDT",
        "amount": 2,
        "open_date": "2025-01-01 00:00:00+00:00",
        "close_date": "2025-01-02 00:00:00+00:00",
        "open_rate": 100.5,
        "close_rate": 110,
        "fee_open": 0.001,
        "fee_close": 0.002,
        "profit_abs": 19.0,
        "is_open": False,
        "is_short": False,
        **changes,
    }
    run = {"trades": [trade], "stake_currency": "USDT", "starting_balance": 1000}
    return json.dumps({"strategy": {"Mine": run}})


def test_a_freqtrade_trade_is_an_entry_and_an_exit_with_fees_in_the_quote():
    parsed = read(export())
    assert [(f.side, f.symbol, f.strategy) for f in parsed.fills] == [
        ("buy", "ETH-USDT", "Mine"),
        ("sell", "ETH-USDT", "Mine"),
    ]
    assert [f.fee for f in parsed.fills] == [Decimal("0.201"), Decimal("0.44")]
    assert parsed.transfers[0].amount == 1000
    assert parsed.recomputed["Mine gross"] == "19"
    assert parsed.recomputed["Mine net of fees"] == "18.359"
    assert parsed.recomputed["Mine gross less stated"] == "0"


def test_an_open_trade_has_no_exit_and_a_short_enters_by_selling():
    parsed = read(export(is_open=True, is_short=True))
    assert [f.side for f in parsed.fills] == ["sell"]
    assert parsed.needs_shorts


def test_more_than_18_decimals_are_rounded_half_even_and_reported():
    words = export().replace("100.5", "0.0000000000000000125")
    parsed = read(words)
    assert parsed.fills[0].price == Decimal("0.000000000000000012")
    assert (parsed.rounded_rows, parsed.largest_rounding) == (1, Decimal("5e-19"))


@pytest.mark.parametrize("amount", ["NaN", -1, 0, None])
def test_a_broken_freqtrade_trade_is_named_by_its_place(amount):
    parsed = read(export(amount=amount))
    assert parsed.broken[0].reason.startswith("Mine, trade 1: ")
