"""Coinbase statements: what they take, refuse, and say of themselves."""

from decimal import Decimal

import pytest

from tests.domain.formats import broken, read

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
        (DEPOSIT.replace(",100,100", ",lots,100"), "line 2: amount: 'lots'"),
        (DEPOSIT.replace(",100,100", ",,100"), "line 2: amount: is missing"),
        (DEPOSIT.replace(",100,100", ",100,"), "line 2: balance: is missing"),
        (DEPOSIT.replace(",100,100", ",-100,-100"), "a deposit is positive"),
        (DEPOSIT.replace("USD", "U SD"), "'U SD' is no currency or asset"),
        (DEPOSIT.replace("USD", "ß"), "'ß' is no currency or asset"),
        (DEPOSIT.replace("d1", "d" * 101), "is longer than 100 characters"),
        (DEPOSIT.replace(",100,100", ",NaN,100"), "not a number"),
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


def test_transfers_name_their_asset_alone():
    """What a withdrawal of coins moves is decided by the book, not by this file."""
    out = "default,withdrawal,2026-01-03T00:00:00Z,-0.2,0.3,BTC,w1,,"
    parsed = statement(DEPOSIT, *BUY, out)
    assert [(t.external_id, t.kind, t.asset, t.symbol) for t in parsed.transfers] == [
        ("coinbase:d1", "deposit", "USD", ""),
        ("coinbase:w1", "withdrawal", "BTC", ""),
    ]


def test_kinds_of_rows_that_are_not_known_are_named_once_and_book_nothing():
    stake = "default,stake,2026-01-03T00:00:00Z,-1,68.7,USD,s1,,"
    parsed = statement(DEPOSIT, *BUY, stake, stake.replace("-1,68.7", "-2,66.7"))
    assert [(row.kind, row.line) for row in parsed.differences] == [("row_type", 6)]
    assert "'stake'" in parsed.differences[0].what
    assert "2 rows would be left out (line 6, 7)" in parsed.differences[0].what
    assert parsed.broken == []
    assert len(parsed.transfers) == 1
    (usd,) = [check for check in parsed.balance_checks if check.asset == "USD"]
    assert (usd.stated, usd.by_rows) == (Decimal("66.7"), Decimal("69.7"))


def test_a_gap_is_named_once_where_the_statement_leaves_its_rows():
    gap = "default,deposit,2026-01-03T00:00:00Z,10,64.7,USD,d2,,"
    later = "default,deposit,2026-01-04T00:00:00Z,1,65.7,USD,d3,,"
    parsed = statement(DEPOSIT, *BUY, gap, later)
    assert [(row.line, row.ours, row.theirs) for row in parsed.differences] == [
        (6, "79.7", "64.7")
    ]
    assert len(parsed.transfers) == 3
    assert parsed.balance_checks[-1].difference == -15


def test_rewards_are_interest_and_a_conversion_is_two_transfers():
    rows = [
        "default,reward,2026-01-02T00:00:00Z,0.5,0.5,BTC,r1,,",
        "default,conversion,2026-01-03T00:00:00Z,-40,60,USD,c1,,",
        "default,conversion,2026-01-03T00:00:00Z,39.5,39.5,USDC,c1,,",
    ]
    parsed = statement(DEPOSIT, *rows)
    assert [
        (t.external_id, t.kind, t.asset, t.amount) for t in parsed.transfers[1:]
    ] == [
        ("coinbase:r1", "interest", "BTC", Decimal("0.5")),
        ("coinbase:c1:USD", "transfer", "USD", -40),
        ("coinbase:c1:USDC", "transfer", "USDC", Decimal("39.5")),
    ]


def test_balances_run_for_each_portfolio_and_ids_say_which():
    other = [row.replace("default", "savings", 1) for row in (DEPOSIT, *BUY)]
    parsed = statement(DEPOSIT, *other, *BUY)
    assert parsed.differences == []
    assert [fill.external_id for fill in parsed.fills] == [
        "coinbase:savings:7",
        "coinbase:7",
    ]
    assert {t.external_id for t in parsed.transfers} == {
        "coinbase:d1",
        "coinbase:savings:d1",
    }
    assert parsed.stated == {"balance BTC": "1", "balance USD": "139.4"}


def test_trade_ids_repeat_across_products():
    second = [
        "default,match,2026-01-05T00:00:00Z,-10,59.7,USD,,7,o2",
        "default,match,2026-01-05T00:00:00Z,2,2,ETH,,7,o2",
    ]
    parsed = statement(DEPOSIT, *BUY, *second)
    assert [(fill.external_id, fill.symbol) for fill in parsed.fills] == [
        ("coinbase:7", "BTC-USD"),
        ("coinbase:7", "ETH-USD"),
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


@pytest.mark.parametrize(
    ("quantity", "paid", "said"),
    [
        ("0.000000000000000001", "10000", "price: more than 20 digits"),
        ("0", "30", "do not pay for each other"),
    ],
)
def test_a_trade_whose_price_no_ledger_holds(quantity, paid, said):
    rows = [
        BUY[0].replace("-30,70", f"-{paid},70"),
        BUY[1].replace("0.5,0.5", f"{quantity},{quantity}"),
        BUY[2],
    ]
    parsed = statement(*rows)
    assert parsed.fills == []
    assert any(said in line for line in broken(parsed))


def test_a_row_that_moved_nothing_is_named():
    parsed = statement(DEPOSIT, DEPOSIT.replace("100,100", "0,100").replace("d1", "d2"))
    assert [str(row) for row in parsed.skipped] == [
        "line 3: deposit: nothing moved, the amount is 0"
    ]
    assert len(parsed.transfers) == 1
