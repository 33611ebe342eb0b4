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
        (DEPOSIT.replace("deposit", "stake"), "line 2: type: 'stake' is not known"),
        (DEPOSIT.replace(",100,100", ",lots,100"), "line 2: 'lots'"),
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
