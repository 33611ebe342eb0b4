"""Each format of files as it is today: what it takes, refuses, and says of itself."""

import json
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from trades.domain.facts import NewFill, NewPrice
from trades.domain.formats import prices as price_file
from trades.domain.formats.dialect import (
    BrokenRow,
    NotAFile,
    csv_rows,
    decoded,
    row_id,
)
from trades.domain.importing import FORMATS, read_file
from trades.domain.ordering import numbered, of_file, split_key

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def read(text, **more):
    return read_file(text.encode(), now=NOW, **more)


def broken(parsed):
    return [str(row) for row in parsed.broken]


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
    assert split_key(moment) < (moment, 0, "")


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


# --- Coinbase ---------------------------------------------------------------------

HEAD = "portfolio,type,time,amount,balance,amount/balance unit,transfer id,trade id,order id"
DEPOSIT = "default,deposit,2026-01-01T00:00:00Z,100,100,USD,d1,,"
BUY = [
    "default,match,2026-01-02T00:00:00Z,-30,70,USD,,7,o1",
    "default,match,2026-01-02T00:00:00Z,0.5,0.5,BTC,,7,o1",
    "default,fee,2026-01-02T00:00:00Z,-0.3,69.7,USD,,7,o1",
]


def statement(*rows, **more):
    return read("\n".join((HEAD, *rows)) + "\n", **more)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (DEPOSIT.replace("deposit", "stake"), "line 2: type: 'stake' is not known"),
        (DEPOSIT.replace(",100,100", ",lots,100"), "line 2: 'lots'"),
        (DEPOSIT.replace(",100,100", ",NaN,100"), "not a finite number"),
        (DEPOSIT.replace("2026-01-01", "2199-01-01"), "lies in the future"),
        (DEPOSIT.replace("T00:00:00Z", ""), "no time zone"),
        (DEPOSIT + ",more", "has 10 cells, the header 9"),
    ],
)
def test_a_broken_row_of_a_statement(row, said):
    assert said in broken(statement(row))[0]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (BUY[:1], "not two legs and a fee"),
        ([BUY[0], BUY[0].replace("-30,70", "-1,69")], "not two legs and a fee"),
        ([*BUY, BUY[2].replace("69.7", "69.4")], "not two legs and a fee"),
        ([BUY[0], BUY[1].replace("0.5,0.5", "-0.5,-0.5")], "do not pay for each other"),
        ([BUY[0], BUY[1], BUY[2].replace("USD", "EUR")], "do not pay for each other"),
    ],
)
def test_a_trade_that_is_not_two_legs_and_a_fee(rows, said):
    assert any(said in line for line in broken(statement(*rows)))


def test_a_statement_that_begins_in_the_middle_says_what_was_held():
    parsed = statement(*BUY)
    assert parsed.broken == []
    assert parsed.notes[0] == "line 2: the statement begins with 100 USD held before"


def test_a_statement_listed_newest_first_reads_the_same():
    rows = [DEPOSIT, BUY[0], BUY[1], BUY[2]]
    forward, backward = statement(*rows), statement(*reversed(rows))
    assert backward.broken == []
    assert [fill.external_id for fill in backward.fills] == ["coinbase:7"]
    assert backward.stated == forward.stated


@pytest.mark.parametrize(
    ("base", "fee", "symbol", "side"),
    [
        ("", True, "BTC-USD", "buy"),
        ("USD", False, "BTC-USD", "buy"),
        ("BTC", False, "USD-BTC", "sell"),
    ],
)
def test_the_quote_is_the_fees_unit_else_the_books_base(base, fee, symbol, side):
    made = statement(DEPOSIT, *BUY[: 3 if fee else 2], base_currency=base).fills[0]
    assert (made.symbol, made.side) == (symbol, side)
    assert made.fee == (Decimal("0.3") if fee else 0)


def test_coins_that_are_traded_move_by_their_instrument_and_cash_does_not():
    out = "default,withdrawal,2026-01-03T00:00:00Z,-0.2,0.3,BTC,w1,,"
    parsed = statement(DEPOSIT, *BUY, out)
    assert [(t.external_id, t.kind, t.symbol) for t in parsed.transfers] == [
        ("coinbase:d1", "deposit", ""),
        ("coinbase:w1", "withdrawal", "BTC-USD"),
    ]


def test_a_transfer_without_an_id_has_its_contents_for_one():
    first = statement(DEPOSIT.replace("d1", "")).transfers[0].external_id
    assert first.startswith("coinbase:")
    assert statement(DEPOSIT.replace("d1", "")).transfers[0].external_id == first


def test_the_last_balance_of_each_time_is_a_statement():
    parsed = statement(DEPOSIT, *BUY)
    assert [(b.asset, b.amount, b.at.day) for b in parsed.balances] == [
        ("USD", 100, 1),
        ("USD", Decimal("69.7"), 2),
        ("BTC", Decimal("0.5"), 2),
    ]


# --- freqtrade --------------------------------------------------------------------


def trade(**changes):
    return {
        "pair": "ETH/USDT",
        "amount": 2,
        "open_date": "2026-01-01 00:00:00+00:00",
        "close_date": "2026-01-02 00:00:00+00:00",
        "open_rate": 100,
        "close_rate": 110,
        **changes,
    }


def export(*trades, **run):
    return json.dumps({"strategy": {"Mine": {"trades": list(trades), **run}}})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", "no freqtrade export"),
        ('{"strategy": []}', "no freqtrade export"),
        ('{"strategy": {"a": []}}', "no freqtrade export"),
        ('{"strategy": {"a": {"trades": {}}}}', "no freqtrade export"),
        ('{"strategy": {}}', "holds no trades"),
        ("{" * 100_000, "no JSON"),
    ],
)
def test_an_export_that_is_none(text, said):
    with pytest.raises(NotAFile, match=said):
        read(text)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"amount": True}, "True is no number"),
        ({"amount": "much"}, "'much' is no number"),
        ({"amount": "Infinity"}, "not finite"),
        ({"amount": 10**21}, "larger than the ledger holds"),
        ({"open_rate": -1}, "price"),
        ({"open_date": "once"}, "executed_at"),
        ({"close_date": "2199-01-01 00:00:00+00:00"}, "future"),
        ({"pair": "?"}, "symbol"),
        ({"open_rate": ...}, "'open_rate' is missing"),
        ({"pair": ...}, "'pair' is missing"),
    ],
)
def test_a_broken_trade_of_an_export_is_named_by_its_place(changes, said):
    row = {key: value for key, value in trade(**changes).items() if value is not ...}
    parsed = read(export(trade(), row))
    assert [line.split(":")[0] for line in broken(parsed)] == ["Mine, trade 2"]
    assert said in broken(parsed)[0]
    assert len(parsed.fills) == 2


def test_a_trade_that_is_no_object():
    assert "is no object" in broken(read(export("x", trade())))[0]


def test_exits_of_older_trades_come_before_entries_of_one_moment():
    moment = "2026-01-02 00:00:00+00:00"
    parsed = read(
        export(
            trade(open_date=moment, close_date="2026-01-03 00:00:00+00:00", amount=3),
            trade(close_date=moment),
            trade(open_date=moment, close_date=moment, amount=5),
        )
    )
    at_once = [row for row in parsed.fills if row.executed_at.day == 2]
    assert [(row.side, row.quantity, row.sequence) for row in at_once] == [
        ("sell", 2, 0),
        ("buy", 3, 1),
        ("buy", 5, 2),
        ("sell", 5, 3),
    ]


@pytest.mark.parametrize(
    ("run", "deposits"),
    [
        ({}, []),
        ({"starting_balance": 0}, []),
        ({"starting_balance": 1000}, [("USDT", 1000, 1)]),
        ({"starting_balance": 5, "stake_currency": "EUR"}, [("EUR", 5, 1)]),
        (
            {"starting_balance": 5, "backtest_start": "2025-12-30 00:00:00"},
            [("USDT", 5, 30)],
        ),
    ],
)
def test_the_starting_balance_is_a_deposit_before_the_first_fill(run, deposits):
    parsed = read(export(trade(), **run))
    assert [(t.asset, t.amount, t.at.day) for t in parsed.transfers] == deposits


def test_the_settle_part_of_a_pair_is_cut_off_and_tags_are_notes():
    parsed = read(
        export(trade(pair="BTC/USDT:USDT", enter_tag="dip", exit_reason="roi"))
    )
    assert [(row.symbol, row.note) for row in parsed.fills] == [
        ("BTC-USDT", "dip"),
        ("BTC-USDT", "roi"),
    ]


def test_stated_totals_stand_beside_ours():
    parsed = read(export(trade(profit_abs=19.5), profit_total_abs=21))
    assert parsed.stated == {
        "Mine sum of profit_abs": "19.5",
        "Mine profit_total_abs": "21",
    }
    assert parsed.recomputed["Mine gross"] == "20"
    assert parsed.recomputed["Mine gross less stated"] == "0.5"


def test_two_equal_trades_stay_two():
    ids = {row.external_id for row in read(export(trade(), trade())).fills}
    assert len(ids) == 4
