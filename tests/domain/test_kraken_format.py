"""Kraken's trades.csv: its pairs, its stated costs, its UTC times."""

from decimal import Decimal

import pytest

from tests.domain.formats import broken, read
from trades.domain.formats.pairs import kraken_pair, quote_of
from trades.domain.formats.parsed import NotAFile

HEAD = "txid,ordertxid,pair,time,type,ordertype,price,cost,fee,vol,margin,misc,ledgers"
ROW = "T1,O1,XETHZUSD,2026-02-03 04:05:06.7891,buy,limit,2000.5,1000.25,1.5,0.5,0.0,,L1"


def trades(*rows, head=HEAD, **declared):
    return read("\n".join((head, *rows)) + "\n", **declared)


@pytest.mark.parametrize(
    ("pair", "symbol"),
    [
        ("XXBTZEUR", "BTC-EUR"),
        ("XETHZUSD", "ETH-USD"),
        ("XETHXXBT", "ETH-BTC"),
        ("XXDGZUSD", "DOGE-USD"),
        ("ZEURZUSD", "EUR-USD"),
        ("USDTZUSD", "USDT-USD"),
        ("XBTUSDT", "BTC-USDT"),
        ("DOTEUR", "DOT-EUR"),
        ("XTZEUR", "XTZ-EUR"),  # Tezos: Z is no prefix behind XT
        ("ZRXEUR", "ZRX-EUR"),  # 0x: Z is its own letter
        ("SOLXBT", "SOL-BTC"),
        ("XBT/EUR", "BTC-EUR"),
        ("xbt/usd", "BTC-USD"),
        ("XTZ/EUR", "XTZ-EUR"),
        ("PEPEUSDC", "PEPE-USDC"),
        ("DOTUSD", "DOT-USD"),  # nothing is quoted in TUSD there
        ("GRTUSD", "GRT-USD"),
        ("SHIBUSD", "SHIB-USD"),  # nor in BUSD
        ("TUSDUSD", "TUSD-USD"),
        ("XBTPYUSD", "BTC-PYUSD"),
        ("PYUSDUSD", "PYUSD-USD"),
        ("XRPRLUSD", None),  # XRP in RLUSD, or is there an XRPRL?
        ("XRP/RLUSD", "XRP-RLUSD"),
        ("EUR", None),
        ("ABCDEF", None),
        ("/EUR", None),
        ("BTC/", None),
        ("", None),
    ],
)
def test_a_pair_is_split_where_its_quote_is_known(pair, symbol):
    assert kraken_pair(pair) == symbol


@pytest.mark.parametrize(
    ("currencies", "quote"),
    [
        ({"SOL", "USDT"}, "USDT"),
        ({"BTC", "USDT"}, "USDT"),
        ({"EUR", "USDT"}, "USDT"),
        ({"BNB", "BTC"}, "BTC"),
        ({"BTC", "PLN"}, "PLN"),
        ({"ETH", "ZAR"}, "ZAR"),
        ({"USDT", "ARS"}, "USDT"),
        ({"SOL", "DOT"}, None),
    ],
)
def test_of_two_currencies_the_likelier_is_the_quote(currencies, quote):
    assert quote_of(currencies) == quote


def test_a_row_is_a_fill_at_a_time_in_utc():
    parsed = trades(ROW)
    (made,) = parsed.fills
    assert parsed.file_format == "kraken"
    assert (made.external_id, made.order_id) == ("T1", "O1")
    assert (made.symbol, made.side, made.order_type) == ("ETH-USD", "buy", "limit")
    assert (made.quantity, made.price, made.fee) == (
        Decimal("0.5"),
        Decimal("2000.5"),
        Decimal("1.5"),
    )
    assert made.executed_at.isoformat() == "2026-02-03T04:05:06.789100+00:00"
    assert made.booked_amount == Decimal("1000.25")
    assert parsed.dialect.ignored == ["margin", "misc", "ledgers"]
    assert (parsed.differences, parsed.quote) == ([], "USD")


@pytest.mark.parametrize(
    ("cost", "differs"),
    [
        ("1000.25", False),
        ("1000.3", False),  # one unit of its last digit
        ("1000", False),
        ("1000.24", False),
        ("1000.23", True),
        ("1002", True),
        ("", False),
    ],
)
def test_a_cost_is_checked_to_one_unit_of_its_last_digit(cost, differs):
    parsed = trades(ROW.replace(",1000.25,", f",{cost},"))
    assert [row.line for row in parsed.differences] == ([2] if differs else [])
    assert len(parsed.fills) == 1


def test_numbers_are_exact_in_scientific_notation():
    (made,) = trades(
        ROW.replace(",2000.5,1000.25,", ",2.5E-8,,").replace(",0.5,0.0", ",4e3,0.0")
    ).fills
    assert (made.price, made.quantity) == (Decimal("0.000000025"), 4000)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (ROW.replace("XETHZUSD", "WHATEVER"), "pair: 'WHATEVER' cannot be split"),
        (ROW.replace(",buy,", ",lend,"), "side: 'lend'"),
        (ROW.replace(",0.5,0.0", ",0,0.0"), "quantity: must be greater than 0"),
        (ROW.replace("2026-02-03 04", "2026-02-33 04"), "is no time"),
        (ROW.replace("T1,", ","), "external_id: is missing"),
        (ROW.replace(",1000.25,", ",much,"), "'much' is not a number"),
        (ROW + ",more", "has 14 cells, the header 13"),
    ],
)
def test_a_broken_row_is_named_by_its_line(row, said):
    parsed = trades(ROW.replace("T1", "T0"), row)
    assert [line.line for line in parsed.broken] == [3]
    assert said in broken(parsed)[0]
    assert len(parsed.fills) == 1


def test_a_cancelled_row_is_skipped_and_named():
    parsed = trades(f"{ROW},closed", f"{ROW},canceled", head=f"{HEAD},status")
    assert [str(row) for row in parsed.skipped] == [
        "line 3: canceled: nothing was done"
    ]
    assert len(parsed.fills) == 1


def test_another_dialect_reads_the_same():
    rows = ";".join(f'"{cell}"' for cell in ROW.split(","))
    head = ";".join(f'"{cell}"' for cell in HEAD.split(","))
    assert trades(rows, head=head).fills == trades(ROW).fills


def test_a_file_declared_as_kraken_must_be_one():
    with pytest.raises(NotAFile, match=r"is not Kraken's trades\.csv: it lacks"):
        read("a,b\n1,2\n", file_format="kraken")
