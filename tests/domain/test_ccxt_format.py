"""Trades as ccxt writes them."""

import json
from decimal import Decimal

import pytest

from tests.domain.formats import broken, read


def trade(**changes):
    return {
        "id": "n1",
        "order": "o1",
        "timestamp": 1767323045678,
        "datetime": "2026-01-02T03:04:05.678Z",
        "symbol": "SOL/USDC",
        "type": "limit",
        "side": "buy",
        "takerOrMaker": "maker",
        "price": 150.25,
        "amount": 2.0,
        "cost": 300.5,
        "fee": {"cost": 0.3, "currency": "USDC"},
        "fees": [],
        "info": {"anything": 1},
        **changes,
    }


def trades(*rows, **declared):
    return read(json.dumps(list(rows)), **declared)


def test_a_trade_is_a_fill_to_the_millisecond():
    parsed = trades(trade())
    (made,) = parsed.fills
    assert (parsed.file_format, parsed.quote) == ("ccxt", "USDC")
    assert (made.external_id, made.order_id) == ("n1", "o1")
    assert (made.symbol, made.side, made.liquidity) == ("SOL-USDC", "buy", "maker")
    assert (made.quantity, made.price) == (2, Decimal("150.25"))
    assert (made.fee, made.fee_currency, made.order_type) == (
        Decimal("0.3"),
        "USDC",
        "limit",
    )
    assert made.executed_at.isoformat() == "2026-01-02T03:04:05.678000+00:00"


@pytest.mark.parametrize(
    ("changes", "fee", "currency"),
    [
        ({"fee": None, "fees": [{"cost": 0.1, "currency": "SOL"}]}, "0.1", "SOL"),
        ({"fee": None, "fees": []}, "0", ""),
        ({"fee": {"cost": None, "currency": None}}, "0", ""),
        ({"fee": {"cost": 0, "currency": "SOL"}}, "0", ""),
        (
            {"fees": [{"cost": 1, "currency": "SOL"}, {"cost": 2, "currency": "SOL"}]},
            "3",
            "SOL",
        ),
        ({"fee": {"cost": -0.25, "currency": "USDC"}}, "-0.25", "USDC"),
    ],
)
def test_fees_stand_in_fees_or_in_fee(changes, fee, currency):
    (made,) = trades(trade(**changes)).fills
    assert (made.fee, made.fee_currency) == (Decimal(fee), currency)


@pytest.mark.parametrize(
    ("changes", "symbol", "liquidity", "order"),
    [
        ({"symbol": "SOL/USDC:USDC"}, "SOL-USDC", "maker", "o1"),
        ({"takerOrMaker": None, "order": None}, "SOL-USDC", "", ""),
    ],
)
def test_what_is_settled_or_not_said(changes, symbol, liquidity, order):
    (made,) = trades(trade(datetime=None, **changes)).fills
    assert (made.symbol, made.liquidity, made.order_id) == (symbol, liquidity, order)


def test_one_id_in_two_symbols_is_two_trades_and_twice_in_one_a_duplicate():
    parsed = trades(trade(), trade(symbol="DOT/USDC"), trade(info={}))
    assert [fill.symbol for fill in parsed.fills] == ["SOL-USDC", "DOT-USDC"]
    assert parsed.duplicates == 1


def test_trades_without_ids_are_known_by_what_they_say():
    first = trades(trade(id=None), trade(id=None)).fills
    again = trades(trade(id=None, amount=2, note="x"), trade(id=None)).fills
    assert len({fill.external_id for fill in first}) == 2
    assert [f.external_id for f in first] == [f.external_id for f in again]


def test_a_cost_that_is_not_price_times_amount_is_named():
    parsed = trades(trade(), trade(id="n2", cost=310.5))
    assert [row.what for row in parsed.differences] == [
        "trade 2, SOL-USDC: the cost is not price x quantity"
    ]


def test_floats_beyond_18_decimals_are_rounded_and_reported():
    text = json.dumps([trade()]).replace("150.25", "0.0000000000000000125")
    parsed = read(text.replace("300.5", "null"))
    assert parsed.fills[0].price == Decimal("0.000000000000000012")
    assert (parsed.rounded_rows, parsed.largest_rounding) == (1, Decimal("5e-19"))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"side": "lend"}, "trade 2: side"),
        ({"amount": 0}, "trade 2: quantity"),
        ({"amount": None}, "trade 2: None is no number"),
        ({"timestamp": 10**18}, "trade 2: "),
        ({"timestamp": None, "datetime": "noon"}, "trade 2: 'noon' is no time"),
        (
            {"fees": [{"cost": 1, "currency": "A"}, {"cost": 1, "currency": "B"}]},
            "trade 2: fees in 2 currencies",
        ),
    ],
)
def test_a_broken_trade_is_named_by_its_place(changes, said):
    parsed = trades(trade(), trade(id="n2", **changes))
    assert len(parsed.fills) == 1
    assert broken(parsed)[0].startswith(said)


def test_what_is_no_object_is_named_by_its_place():
    assert broken(trades(trade(), 7)) == ["trade 2: is no object"]


@pytest.mark.parametrize(
    ("symbol", "said"),
    [
        ("BTC/USDT:USDT-260925", "is a dated future or an option"),
        ("BTC/USD:BTC-260925-90000-C", "is a dated future or an option"),
        ("BTC/USD:BTC", "is settled in another currency than its quote"),
    ],
)
def test_what_is_no_linear_market_is_never_booked_as_one(symbol, said):
    parsed = trades(trade(symbol=symbol, cost=None))
    assert parsed.fills == []
    assert said in broken(parsed)[0]


@pytest.mark.parametrize(
    ("milliseconds", "named"),
    [(1767323045, "2026-01-02T03:04:05Z"), (-1767323045678, trade()["datetime"])],
)
def test_seconds_in_place_of_milliseconds_are_no_time_of_1970(milliseconds, named):
    parsed = trades(trade(timestamp=milliseconds, datetime=named))
    assert parsed.fills == []
    assert "are two times" in broken(parsed)[0]
