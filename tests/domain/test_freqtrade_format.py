"""freqtrade exports: what they take, refuse, and say of themselves."""

import json

import pytest

from tests.domain.formats import broken, read
from trades.domain.formats.parsed import NotAFile


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
        ({"amount": "much"}, "'much' is not a number"),
        ({"amount": "Infinity"}, "'Infinity' is not a number"),
        ({"amount": 10**21}, "larger than the ledger holds"),
        ({"open_rate": -1}, "price"),
        ({"open_date": "once"}, "open_date: 'once' is no time"),
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
        ("sell", 2, 1),
        ("buy", 3, 2),
        ("buy", 5, 3),
        ("sell", 5, 4),
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
