"""What one currency is worth in another: the one rule of booking, portfolio and curves.

A rate is the mark of the pair, and the price of EUR-USD is what one EUR costs in USD.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Quote:
    """What one unit cost, and when."""

    price: Decimal
    at: datetime


QuoteOf: TypeAlias = Callable[[str], Quote | None]
Points: TypeAlias = Iterable[tuple[datetime, Decimal]]


def pair_symbols(source: str, target: str) -> tuple[str, str]:
    """The symbols that price the one in the other: direct and inverse."""
    return f"{source}-{target}", f"{target}-{source}"


def exchange_rate(source: str, target: str, *known: QuoteOf) -> Decimal | None:
    """How many `target` one `source` is worth; None when nobody knows.

    1 in one currency, else the newer of SOURCE-TARGET and the inverse of
    TARGET-SOURCE (at one time the direct one; a price of 0 is none). `known` say the
    newest quote of a symbol not after the time that is asked about: stored prices
    first, then the book's own fills, which count only where no price does.
    """
    if source == target:
        return Decimal(1)
    direct_symbol, inverse_symbol = pair_symbols(source, target)
    for quote_of in known:
        direct, inverse = quote_of(direct_symbol), quote_of(inverse_symbol)
        direct = direct if direct and direct.price else None
        inverse = inverse if inverse and inverse.price else None
        if direct and not (inverse and inverse.at > direct.at):
            return direct.price
        if inverse:
            return 1 / inverse.price
    return None


class Series:
    """Prices of one symbol; says the newest not after a time."""

    def __init__(self, points: Points) -> None:
        ordered = sorted(points, key=lambda point: point[0])
        self._times = [at for at, _ in ordered]
        self._quotes = [Quote(price, at) for at, price in ordered]

    def at(self, when: datetime) -> Quote | None:
        index = bisect_right(self._times, when)
        return self._quotes[index - 1] if index else None


class Marks:
    """The marks of many symbols through time: the newest price, else the newest fill
    of the book, else None."""

    def __init__(
        self, prices: Mapping[str, Points], fills: Mapping[str, Points]
    ) -> None:
        self._prices = {symbol: Series(points) for symbol, points in prices.items()}
        self._fills = {symbol: Series(points) for symbol, points in fills.items()}

    def at(self, symbol: str, when: datetime) -> Decimal | None:
        quote = _newest(self._prices, symbol, when) or _newest(
            self._fills, symbol, when
        )
        return quote.price if quote else None

    def rate(self, source: str, target: str, when: datetime) -> Decimal | None:
        """See `exchange_rate`."""
        return exchange_rate(
            source,
            target,
            lambda symbol: _newest(self._prices, symbol, when),
            lambda symbol: _newest(self._fills, symbol, when),
        )


def _newest(known: Mapping[str, Series], symbol: str, when: datetime) -> Quote | None:
    series = known.get(symbol)
    return series.at(when) if series else None
