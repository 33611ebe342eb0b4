"""Pairs as exchanges write them, split into base and quote."""

from __future__ import annotations

from itertools import product

# Currencies that others are quoted in, the likeliest first: of two of them the one
# that stands first is the quote.
STABLE = ("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "DAI", "PYUSD", "USDG")
MONEY = (
    *("USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "TRY", "BRL"),
    *("PLN", "CZK", "RON", "HUF", "SEK", "NOK", "DKK", "NZD", "SGD", "HKD", "KRW"),
    *("MXN", "ARS", "COP", "ZAR", "UAH", "RUB", "NGN", "INR", "IDR", "THB", "VND"),
)
COINS = ("BTC", "XBT", "ETH", "BNB")
QUOTES = (*STABLE, *MONEY, *COINS)
# What Kraken writes behind a pair without a slash. It quotes nothing in TUSD or BUSD:
# DOTUSD is DOT in USD, SHIBUSD is SHIB in USD.
KRAKEN_QUOTES = (
    *("PYUSD", "USDT", "USDC", "USDG", "DAI"),
    *("USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD"),
    *("BTC", "XBT", "ETH"),
)
# Also a quote of Kraken's, whose letters may begin in the base (PEARL in USD).
DOUBTFUL = ("RLUSD",)
# Kraken writes X before these coins and Z before these currencies, and nowhere else.
LEGACY = {
    **{f"X{coin}": coin for coin in ("ETC", "ETH", "ICN", "LTC", "MLN", "NMC", "REP")},
    **{f"X{coin}": coin for coin in ("XBT", "XDG", "XLM", "XMR", "XRP", "XVN", "ZEC")},
    **{f"Z{money}": money for money in ("AUD", "CAD", "EUR", "GBP", "JPY", "USD")},
    **{f"Z{money}": money for money in ("CHF", "KRW")},
}
RENAMED = {"XBT": "BTC", "XDG": "DOGE"}
# Newer coins that Kraken pairs with an old code all the same: USDTZUSD.
BEFORE_LEGACY = (*LEGACY, "USDT", "USDC")


def kraken_pair(pair: str) -> str | None:
    """BASE-QUOTE of a pair of Kraken's, None where it cannot be split."""
    text = pair.strip().upper()
    base, slash, quote = text.partition("/")
    if slash:
        return _named(base, quote) if base and quote else None
    for base, quote in product(BEFORE_LEGACY, LEGACY):
        if text == base + quote:
            return _named(base, quote)
    if text.endswith(DOUBTFUL):
        return None
    for quote in KRAKEN_QUOTES:
        if text.endswith(quote) and len(text) > len(quote):
            return _named(text.removesuffix(quote), quote)
    return None


def linear_pair(symbol: str) -> str:
    """BASE/QUOTE of a market as ccxt and freqtrade name it: of a swap the part behind
    the colon, what it is settled in, is cut off.

    Raises ValueError where that is another than the quote (its amounts are contracts)
    and where a day stands behind it (a dated future or an option is no spot pair).
    """
    pair, colon, settled = symbol.partition(":")
    if "-" in settled:
        raise ValueError(f"symbol: {symbol[:40]!r} is a dated future or an option")
    if colon and settled.upper() != pair.partition("/")[2].upper():
        raise ValueError(
            f"symbol: {symbol[:40]!r} is settled in another currency than its quote; "
            "its amounts are contracts"
        )
    return pair


def _named(base: str, quote: str) -> str:
    plain = (LEGACY.get(code, code) for code in (base, quote))
    return "-".join(RENAMED.get(code, code) for code in plain)


def quote_of(currencies: set[str]) -> str | None:
    """Which of two currencies the other is quoted in; None where neither is known."""
    known = [quote for quote in QUOTES if quote in currencies]
    return known[0] if known else None
