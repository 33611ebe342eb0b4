"""Pairs as exchanges write them, split into base and quote."""

from __future__ import annotations

from itertools import product

# Currencies that others are quoted in, the likeliest first: of two of them the one
# that stands first is the quote.
QUOTES = (
    *("USDT", "USDC", "FDUSD", "BUSD", "TUSD", "DAI", "PYUSD", "USDG"),
    *("USD", "EUR", "GBP", "JPY", "CHF", "CAD", "AUD", "TRY", "BRL"),
    *("BTC", "XBT", "ETH", "BNB"),
)
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
    for quote in sorted(QUOTES, key=len, reverse=True):
        if text.endswith(quote) and len(text) > len(quote):
            return _named(text.removesuffix(quote), quote)
    return None


def _named(base: str, quote: str) -> str:
    plain = (LEGACY.get(code, code) for code in (base, quote))
    return "-".join(RENAMED.get(code, code) for code in plain)


def quote_of(currencies: set[str]) -> str | None:
    """Which of two currencies the other is quoted in; None where neither is known."""
    known = [quote for quote in QUOTES if quote in currencies]
    return known[0] if known else None
