"""Exchange rates: the one rule (trades.domain.rates) on what is stored."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from trades.domain.rates import (
    Marks,
    Points,
    Quote,
    QuoteOf,
    Series,
    exchange_rate,
    pair_symbols,
)
from trades.models import Book, Fill, Price
from trades.queries.marks import newest_fills, newest_prices


class Rates:
    """Rates at one time as these books see them.

    A pair that is asked for costs one query unless it was loaded, and a second one
    where no price is stored: then the books' newest fill of the pair counts.
    """

    def __init__(self, at: datetime, books: Collection[int]) -> None:
        self._at = at
        self._books = books
        self._prices: dict[str, Quote | None] = {}
        self._fills: dict[str, Quote | None] = {}

    def load(self, currencies: Iterable[str], target: str) -> Rates:
        """Look up at once what all of these are worth in `target`; returns itself."""
        pairs = [pair_symbols(name, target) for name in currencies if name != target]
        symbols = [symbol for pair in pairs for symbol in pair]
        self._prices |= dict.fromkeys(symbols)
        for symbol, price in newest_prices(symbols, self._at).items():
            self._prices[symbol] = Quote(price.price, price.at)
        unpriced = [
            symbol
            for pair in pairs
            if not any(self._prices[symbol] for symbol in pair)
            for symbol in pair
        ]
        for symbol, fill in newest_fills(unpriced, self._at, self._books).items():
            self._fills[symbol] = Quote(fill.price, fill.executed_at)
        return self

    def rate(
        self, source: str, target: str, unstored: QuoteOf | None = None
    ) -> Decimal | None:
        """How many `target` one `source` is worth; None when nobody knows. `unstored`
        says the newest of the books' fills that are about to be stored."""
        if source != target and pair_symbols(source, target)[0] not in self._prices:
            self.load([source], target)

        def fill_of(symbol: str) -> Quote | None:
            stored, new = self._fills.get(symbol), unstored and unstored(symbol)
            return stored if stored and not (new and new.at >= stored.at) else new

        return exchange_rate(source, target, self._prices.get, fill_of)

    def convert(
        self, amount: Decimal | None, source: str, target: str
    ) -> Decimal | None:
        rate = self.rate(source, target)
        return None if amount is None or rate is None else amount * rate


class BookRates:
    """Rates at many times as one book sees them, each asked for once: for booking.

    `unstored` are the fills that are booked by the same call, by symbol: a rate does
    not depend on whether facts came together or one after the other. A pair that
    nothing was ever stored of costs two queries, not two at each time.
    """

    def __init__(
        self, book: Book, unstored: Mapping[str, Points] | None = None
    ) -> None:
        self._book = book
        self._unstored = {
            symbol: Series(points) for symbol, points in (unstored or {}).items()
        }
        self._known: dict[tuple[str, str], bool] = {}
        self._rates: dict[datetime, Rates] = {}

    def at(self, source: str, target: str, when: datetime) -> Decimal | None:
        """How many `target` one `source` was worth then; None when nobody knew."""
        if source != target and not self._is_known(source, target):
            return None
        rates = self._rates.setdefault(when, Rates(when, [self._book.pk]))

        def unstored(symbol: str) -> Quote | None:
            series = self._unstored.get(symbol)
            return series.at(when) if series else None

        return rates.rate(source, target, unstored)

    def _is_known(self, source: str, target: str) -> bool:
        if (source, target) not in self._known:
            symbols = pair_symbols(source, target)
            fills = Fill.objects.standing().filter(
                book=self._book, instrument__symbol__in=symbols
            )
            self._known[source, target] = (
                any(symbol in self._unstored for symbol in symbols)
                or Price.objects.filter(symbol__in=symbols).exists()
                or fills.exists()
            )
        return self._known[source, target]


def rate_history(
    currencies: Iterable[str], target: str, books: Collection[int]
) -> Marks:
    """Everything stored about these currencies in `target`, to ask for rates at many
    times: `rate_history(…).rate(source, target, when)`. Two queries."""
    names = {name for name in currencies if name != target}
    symbols = {symbol for name in names for symbol in pair_symbols(name, target)}
    prices: dict[str, list[tuple[datetime, Decimal]]] = defaultdict(list)
    fills: dict[str, list[tuple[datetime, Decimal]]] = defaultdict(list)
    if symbols:
        stored = Price.objects.filter(symbol__in=symbols).order_by("at", "id")
        for symbol, at, price in stored.values_list("symbol", "at", "price"):
            prices[symbol].append((at, price))
        own = Fill.objects.standing().filter(
            book__in=books, instrument__symbol__in=symbols
        )
        own = own.order_by("executed_at", "id")
        for symbol, at, price in own.values_list(
            "instrument__symbol", "executed_at", "price"
        ):
            fills[symbol].append((at, price))
    return Marks(prices, fills)
