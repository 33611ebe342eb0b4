"""freqtrade exports: what they take, refuse, and say of themselves."""

import io
import json
import zipfile
from decimal import Decimal

import pytest

from tests.domain.formats import NOW, broken, read
from trades.domain.formats.dialect import LARGEST
from trades.domain.formats.parsed import NotAFile
from trades.domain.importing import read_file


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
        ({"pair": "BTC/USD:BTC"}, "settled in another currency"),
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
        "Mine sum of its trades’ profits": "19.5",
        "Mine total profit": "21",
    }
    assert parsed.recomputed["Mine gross"] == "20"
    assert parsed.recomputed["Mine gross less stated"] == "0.5"


def test_two_equal_trades_stay_two():
    ids = {row.external_id for row in read(export(trade(), trade())).fills}
    assert len(ids) == 4


# --- orders, funding, the bot's own answer ------------------------------------------


def order(side, amount, price, hour, *, entry, **more):
    return {
        "ft_order_side": side,
        "amount": amount,
        "safe_price": price,
        "order_filled_timestamp": 1767225600000 + hour * 3_600_000,
        "ft_is_entry": entry,
        **more,
    }


LADDER = [
    order("buy", 4, 10, 0, entry=True, ft_order_tag="first"),
    order("buy", 6, 9, 1, entry=True),
    order("sell", 5, 12, 2, entry=False),
    order("sell", 5, 11, 3, entry=False, ft_order_tag="stop"),
]


def ladder(**changes):
    values = {
        "amount": 5,
        "open_rate": 9.4,
        "close_rate": 11,
        "fee_open": 0.001,
        "fee_close": 0.002,
        "exit_reason": "roi",
        "profit_abs": 20.676,
        "orders": LADDER,
    }
    return trade(**(values | changes))


def test_each_filled_order_is_a_fill_with_the_fee_of_its_end():
    parsed = read(export(ladder()))
    assert [
        (f.side, f.quantity, f.price, f.executed_at.hour, f.note) for f in parsed.fills
    ] == [
        ("buy", 4, 10, 0, "first"),
        ("buy", 6, 9, 1, ""),
        ("sell", 5, 12, 2, "roi"),
        ("sell", 5, 11, 3, "stop"),
    ]
    assert [str(f.fee.normalize()) for f in parsed.fills] == [
        "0.04",
        "0.054",
        "0.12",
        "0.11",
    ]


@pytest.mark.parametrize(
    ("stated", "agrees"),
    [(20.676, "net"), (21, "gross"), (20.6760000001, "net"), (20.7, ""), (24.7, "")],
)
def test_the_stated_profit_agrees_net_or_gross_or_is_a_difference(stated, agrees):
    parsed = read(export(ladder(profit_abs=stated)))
    (profit,) = parsed.profits
    assert (profit.gross, profit.net) == (21, Decimal("20.676"))
    assert profit.agrees_with == agrees
    assert [row.kind for row in parsed.differences] == ([] if agrees else ["profit"])


def test_leverage_multiplies_nothing_and_a_short_enters_by_selling():
    orders = [
        order("sell", 2, 50, 0, entry=True),
        order("sell", 1, 53, 1, entry=True),
        order("buy", 3, 48, 2, entry=False),
    ]
    parsed = read(
        export(ladder(orders=orders, is_short=True, leverage=4, profit_abs=9))
    )
    assert parsed.needs_shorts
    assert [(f.side, f.quantity) for f in parsed.fills] == [
        ("sell", 2),
        ("sell", 1),
        ("buy", 3),
    ]
    assert parsed.profits[0].agrees_with == "gross"


def test_funding_is_a_transfer_of_its_instrument_before_the_last_exit():
    parsed = read(
        export(
            ladder(funding_fees=-0.25, profit_abs=20.426, pair="ETH/USDT:USDT"),
            stake_currency="USDT",
        )
    )
    (funding,) = parsed.transfers
    assert (funding.kind, funding.asset, funding.symbol) == (
        "funding",
        "USDT",
        "ETH-USDT",
    )
    assert funding.amount == Decimal("-0.25")
    assert funding.at == parsed.fills[-1].executed_at
    assert funding.sequence == parsed.fills[-1].sequence - 1
    assert parsed.profits[0].agrees_with == "net"


def test_all_trades_together_are_compared_with_the_stated_total():
    parsed = read(export(ladder(), trade(profit_abs=20), profit_total_abs=40.676))
    assert [(p.what, p.agrees_with) for p in parsed.profits] == [
        ("Mine, trade 1: ETH-USDT", "net"),
        ("Mine, trade 2: ETH-USDT", "net"),
        ("Mine: all trades", "net"),
    ]
    wrong = read(export(ladder(), profit_total_abs=25))
    assert [row.what for row in wrong.differences] == ["Mine: all trades"]


def test_a_zip_holds_the_result_beside_other_things():
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("a_config.json", "{}")
        archive.writestr("a.json", export(ladder()))
        archive.writestr("a_Mine.py", "import os")
    parsed = read_file(content.getvalue(), now=NOW)
    assert parsed.fills == read(export(ladder())).fills


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"a.py": b"x"}, "holds no freqtrade result"),
        ({"xl/workbook.xml": b"x"}, "is a workbook of a spreadsheet: save its sheet"),
        ({"mimetype": b"x", "content.xml": b"x"}, "is a workbook of a spreadsheet"),
        ({"Part.CSV": b"x"}, "holds Part.CSV: unpack it first"),
        ({"a.json": b"{}"}, "holds no freqtrade result"),
        ({"a.json": b" " * (LARGEST + 2)}, "is larger than"),
    ],
)
def test_a_zip_that_is_none(members, said):
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    with pytest.raises(NotAFile, match=said):
        read_file(content.getvalue(), now=NOW)


def test_a_zip_that_is_cut_off():
    with pytest.raises(NotAFile, match="cannot be read"):
        read_file(b"PK\x03\x04 and no more", now=NOW)


def live(*trades):
    return json.dumps({"trades": list(trades), "trades_count": len(trades)})


def live_trade(**changes):
    orders = [
        order("buy", 3, 20, 0, entry=True, order_id="e1", filled=3.0, average=19.5),
        order(
            "sell", 3, 22, 1, entry=False, order_id="x1", filled=1.0, status="canceled"
        ),
        order(
            "sell", 2, 23, 2, entry=False, order_id="x2", filled=0.0, status="canceled"
        ),
        order("sell", 2, 23, 3, entry=False, order_id="x3", filled=2.0),
    ]
    return ladder(
        **{
            "trade_id": 7,
            "strategy": "Bot",
            "is_open": False,
            "orders": orders,
            "profit_abs": 9.3055,
            **changes,
        }
    )


def test_the_bots_trades_are_named_by_their_orders():
    parsed = read(live(live_trade()))
    assert [(f.external_id, f.quantity, f.price, f.strategy) for f in parsed.fills] == [
        ("freqtrade:e1", 3, Decimal("19.5"), "Bot"),
        ("freqtrade:x1", 1, 22, "Bot"),
        ("freqtrade:x3", 2, 23, "Bot"),
    ]
    assert [str(row) for row in parsed.skipped] == [
        "trade 1, order x2: canceled, nothing was filled"
    ]
    assert [p.agrees_with for p in parsed.profits] == ["net"]


def test_an_open_trade_states_no_profit_and_its_funding_is_not_final():
    parsed = read(
        live(live_trade(is_open=True, close_date=None, funding_fees=0.5, profit_abs=3))
    )
    assert (parsed.profits, parsed.transfers) == ([], [])
    assert (
        str(parsed.skipped[-1]) == "trade 1: the funding of an open trade is not final"
    )


def test_a_fee_in_another_currency_is_the_first_orders():
    """The bot keeps it once for each end: what later orders were charged it reckons
    by its rate. Another order must not change those that are booked."""
    parsed = read(live(live_trade(fee_close_cost=0.3, fee_close_currency="BNB")))
    assert [(str(f.fee.normalize()), f.fee_currency) for f in parsed.fills] == [
        ("0.0585", ""),
        ("0.3", "BNB"),
        ("0.092", ""),
    ]


@pytest.mark.parametrize(("short", "side"), [(False, "sell"), (True, "buy")])
def test_a_stop_loss_on_the_exchange_is_an_exit(short, side):
    entry = order("sell" if short else "buy", 3, 20, 0, entry=True, order_id="e1")
    stop = order("stoploss", 3, 19, 1, entry=False, order_id="s1")
    parsed = read(
        live(live_trade(is_short=short, orders=[entry, stop], profit_abs=None))
    )
    assert parsed.broken == []
    assert parsed.fills[-1].side == side


def test_an_order_that_is_still_open_says_what_it_filled():
    entry = order("buy", 3, 20, 0, entry=True, order_id="e1")
    resting = order("buy", 5, 19, 1, entry=True, order_id="e2", filled=2.0)
    resting |= {"order_filled_timestamp": None, "status": "open"}
    trade = live_trade(is_open=True, close_date=None, orders=[entry, resting])
    assert [str(row) for row in read(live(trade)).skipped] == [
        "trade 1, order e2: open, 2 filled, not final"
    ]


def test_the_bots_trades_without_orders_are_their_ends():
    parsed = read(live(live_trade(orders=[], amount=5)))
    assert [f.external_id for f in parsed.fills] == [
        "freqtrade:7:open",
        "freqtrade:7:close",
    ]
