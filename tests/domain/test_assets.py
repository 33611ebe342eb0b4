"""Cash or lots: what an asset is follows from what the book trades, in any order."""

from itertools import permutations
from typing import NamedTuple

import pytest

from trades.domain.assets import moved_instrument


class Quoted(NamedTuple):
    symbol: str
    base: str
    quote: str


BTC_USD = Quoted("BTC-USD", "BTC", "USD")
BTC_EUR = Quoted("BTC-EUR", "BTC", "EUR")
BTC_GBP = Quoted("BTC-GBP", "BTC", "GBP")
ETH_BTC = Quoted("ETH-BTC", "ETH", "BTC")
USD_EUR = Quoted("USD-EUR", "USD", "EUR")
ACME = Quoted("ACME", "ACME", "USD")


@pytest.mark.parametrize(
    ("asset", "traded", "named", "moved"),
    [
        ("USD", [], None, None),
        ("USD", [USD_EUR], USD_EUR, None),  # the base currency is always cash
        ("BTC", [], None, None),
        ("BTC", [ETH_BTC], None, None),  # a quote leg is cash
        ("BTC", [BTC_EUR], None, BTC_EUR),
        ("BTC", [BTC_EUR, BTC_USD], None, BTC_USD),
        ("BTC", [BTC_GBP, BTC_EUR], None, BTC_EUR),
        ("BTC", [], BTC_GBP, BTC_GBP),
        ("BTC", [BTC_USD], BTC_GBP, BTC_GBP),
        ("BTC", [BTC_USD], ACME, BTC_USD),  # only says what it was for
        ("ACME", [ACME], None, ACME),
        ("EUR", [USD_EUR, BTC_EUR], ACME, None),
    ],
)
def test_an_asset_is_cash_or_lots_of_one_instrument(asset, traded, named, moved):
    for order in permutations(traded):
        assert moved_instrument(asset, "USD", order, named) == moved
