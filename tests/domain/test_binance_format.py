"""Binance's ledger: rows of one account and second become one fill, or are broken."""

from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from tests.domain.formats import broken, read
from trades.domain.formats.parsed import NotAFile

HEAD = "User_ID,UTC_Time,Account,Operation,Coin,Change,Remark"


def row(word, coin, change, second=1, account="Spot"):
    return f"7,2026-03-04 05:06:{second:02},{account},{word},{coin},{change},"


BUY = [
    row("Transaction Buy", "SOL", "2"),
    row("Transaction Spend", "USDT", "-301"),
    row("Transaction Fee", "BNB", "-0.0005"),
]


def ledger(*rows, head=HEAD, **declared):
    return read("\n".join((head, *rows)) + "\n", **declared)


def test_a_base_a_quote_and_a_fee_of_one_second_are_one_fill():
    parsed = ledger(*BUY)
    (made,) = parsed.fills
    assert (made.symbol, made.side, made.quantity) == ("SOL-USDT", "buy", 2)
    assert (made.amount, made.price) == (301, Decimal("150.5"))
    assert (made.fee, made.fee_currency) == (Decimal("0.0005"), "BNB")
    assert made.executed_at.isoformat() == "2026-03-04T05:06:01+00:00"
    assert (parsed.file_format, parsed.quote, parsed.broken) == ("binance", "USDT", [])
    assert parsed.dialect.ignored == ["User_ID", "Remark"]


def test_the_newer_header_says_the_same():
    newer = ledger(*BUY, head="User ID,Time,Account,Operation,Coin,Change,Remark")
    assert newer.fills == ledger(*BUY).fills
    assert (newer.file_format, newer.broken) == ("binance", [])
    with pytest.raises(NotAFile, match="no column 'utc_time' or 'time'"):
        ledger(*BUY, head="User ID,When,Account,Operation,Coin,Change,Remark")


def test_the_sign_says_which_side_and_the_word_only_which_row_is_the_fee():
    older = [
        row("Fee", "USDT", "-0.3"),
        row("Transaction Related", "USDT", "301"),
        row("Sell", "SOL", "-2"),
    ]
    newer = [
        row("Transaction Sold", "SOL", "-2"),
        row("Transaction Revenue", "USDT", "301"),
        row("Transaction Fee", "USDT", "-3E-1"),
    ]
    assert [
        (fill.external_id, fill.side, fill.fee) for fill in ledger(*older).fills
    ] == [(fill.external_id, fill.side, fill.fee) for fill in ledger(*newer).fills]
    assert ledger(*older).fills[0].side == "sell"


def test_parts_of_one_second_are_summed():
    parsed = ledger(*BUY, *BUY)
    (made,) = parsed.fills
    assert (made.quantity, made.amount, made.fee) == (4, 602, Decimal("0.001"))


def test_rows_of_another_account_or_second_are_another_fill():
    parsed = ledger(
        *BUY,
        row("Buy", "SOL", "1", account="Margin"),
        row("Transaction Related", "USDT", "-150", account="Margin"),
        row("Buy", "SOL", "1", second=2),
        row("Transaction Related", "USDT", "-151", second=2),
    )
    assert [fill.amount for fill in parsed.fills] == [301, 150, 151]


def test_two_equal_fills_keep_two_names():
    twice = [*BUY[:2], *(line.replace("Spot", "Margin") for line in BUY[:2])]
    first, second = ledger(*twice).fills
    assert first.external_id.removesuffix(":1") == second.external_id.removesuffix(":2")


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        (BUY[:1], [2]),
        ([*BUY, row("Buy", "DOT", "1")], [2, 3, 4, 5]),
        ([BUY[0], row("Transaction Related", "DOT", "-3")], [2, 3]),
        ([BUY[0], row("Transaction Related", "USDT", "3")], [2, 3]),
        ([*BUY, row("Sell", "SOL", "-1")], [2, 3, 4, 5]),
        ([*BUY, row("Fee", "USDT", "-1")], [2, 3, 4, 5]),
        ([row("Buy", "SOL", "x"), *BUY[1:]], [2, 3, 4]),
    ],
)
def test_rows_that_are_not_one_trade_are_each_broken(rows, lines):
    parsed = ledger(*rows)
    assert sorted(line.line for line in parsed.broken) == lines
    assert parsed.fills == []


def test_deposits_and_income_are_transfers_in_the_ledgers_order():
    parsed = ledger(
        row("Deposit", "USDT", "500"),
        *BUY,
        row("Simple Earn Flexible Interest", "SOL", "0.01", second=3),
        row("Withdraw", "USDT", "-20", second=4),
    )
    assert [(t.kind, t.asset, t.amount) for t in parsed.transfers] == [
        ("deposit", "USDT", 500),
        ("interest", "SOL", Decimal("0.01")),
        ("withdrawal", "USDT", -20),
    ]
    assert [t.sequence for t in parsed.transfers] == [0, 2, 3]
    assert parsed.fills[0].sequence == 1
    assert len({t.external_id for t in parsed.transfers}) == 3


def test_kinds_of_rows_that_are_not_known_are_named():
    parsed = ledger(*BUY, row("Lottery", "BNB", "1", second=9))
    assert [(row.kind, row.line) for row in parsed.differences] == [("row_type", 5)]
    assert "'Lottery'" in parsed.differences[0].what
    assert parsed.transfers == []


def test_another_dialect_reads_the_same():
    quoted = [";".join(f'"{cell}"' for cell in line.split(",")) for line in BUY]
    head = ";".join(f'"{cell}"' for cell in HEAD.split(","))
    assert ledger(*quoted, head=head).fills == ledger(*BUY).fills


def test_a_declared_decimal_comma():
    rows = [line.replace(",", ";").replace("-0.0005", "-0,0005") for line in BUY]
    parsed = ledger(*rows, head=HEAD.replace(",", ";"), decimal_comma=True)
    assert broken(parsed) == []
    assert parsed.fills[0].fee == Decimal("0.0005")


def test_times_need_no_declared_zone_and_one_that_is_declared_changes_nothing():
    assert ledger(*BUY, zone=ZoneInfo("Asia/Tokyo")).fills == ledger(*BUY).fills


def test_a_row_that_moved_nothing_is_named():
    parsed = ledger(*BUY, row("Staking Rewards", "SOL", "0.00000000", second=2))
    assert [str(row) for row in parsed.skipped] == [
        "line 5: staking rewards: nothing moved, the change is 0"
    ]
    assert (len(parsed.fills), parsed.transfers, parsed.broken) == (1, [], [])


def test_an_empty_change_is_named_by_its_column():
    assert broken(ledger(row("Deposit", "SOL", ""))) == ["line 2: change: is missing"]


def test_coins_for_money_are_quoted_in_the_money():
    (made,) = ledger(row("Buy", "BTC", "0.5"), row("Buy", "PLN", "-900")).fills
    assert (made.symbol, made.side, made.price) == ("BTC-PLN", "buy", 1800)
