"""Exchange rates: the one rule (trades.domain.rates) on what is stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import Exists, F, OuterRef, Subquery

from trades.domain.marks import Marks
from trades.domain.rates import Mark, Rate, countable, exchange_rate, rate_symbols
from trades.models import Book, Instrument
from trades.queries.marks import (
    Candidates,
    chosen_marks,
    mark_histories,
    marks_between,
    newest_fill_of,
    newest_prices_of,
    quote_of,
    was_split,
)

AT_ONCE = 20  # symbols in one query: three look-ups each


class Rates:
    """Rates at one time, each as the book sees them whose amount is valued.

    What is asked for and was not loaded costs its queries then.
    """

    def __init__(
        self, at: datetime, books: Sequence[Book], known_at: datetime | None = None
    ) -> None:
        self._at = at
        self._books = {book.pk: book for book in books}
        self._known_at = known_at
        self._marks: dict[tuple[int, str], Mark] = {}
        self._loaded: set[str] = set()

    def load(self, currencies: Iterable[str], target: str) -> Rates:
        """Look up at once what all of these are worth in `target`; returns itself.
        Five queries at most, whatever the number of books; none in one currency."""
        bases = {book.base_currency for book in self._books.values()}
        symbols = {
            symbol
            for currency in set(currencies)
            for base in bases
            for symbol in rate_symbols(currency, target, base)
        }
        missing = sorted(symbols - self._loaded)
        for start in range(0, len(missing), AT_ONCE):
            self._load(missing[start : start + AT_ONCE])
        return self

    def _load(self, symbols: Sequence[str]) -> None:
        self._loaded |= set(symbols)
        instruments = {
            row.symbol: row for row in Instrument.objects.filter(symbol__in=symbols)
        }
        looked_up: dict[str, Subquery | Exists] = {}
        for number, symbol in enumerate(symbols):
            prices = newest_prices_of(
                symbol,
                quote_of(symbol, ""),
                OuterRef("owner"),
                self._at,
                self._known_at,
            )
            looked_up |= {f"{kind}_{number}": rows for kind, rows in prices.items()}
            looked_up[f"split_{number}"] = was_split(symbol, self._known_at)
            if symbol in instruments:
                looked_up[f"fill_{number}"] = newest_fill_of(
                    OuterRef("pk"), instruments[symbol].pk, self._at, self._known_at
                )
        books = Book.objects.filter(pk__in=self._books).order_by()
        rows = {
            Candidates(
                (row["pk"], symbol),
                row["of"],
                symbol,
                row[f"desk_{number}"],
                row[f"own_{number}"],
                row.get(f"fill_{number}"),
                row[f"split_{number}"],
            )
            for row in books.annotate(of=F("owner"), **looked_up).values(
                "pk", "of", *looked_up
            )
            for number, symbol in enumerate(symbols)
        }
        self._marks |= chosen_marks(rows, self._at, self._known_at)

    def exchange(self, book_id: int, source: str, target: str) -> Rate | None:
        """See trades.domain.rates.exchange_rate, in the eyes of this book."""
        self.load([source], target)
        return exchange_rate(
            source,
            target,
            lambda symbol: self._marks.get((book_id, symbol)),
            self._books[book_id].base_currency,
        )

    def rate(self, book_id: int, source: str, target: str) -> Decimal | None:
        """How many `target` one `source` is worth; None when nobody knows."""
        if source == target:
            return Decimal(1)
        rate = self.exchange(book_id, source, target)
        return rate.value if rate else None

    def convert(
        self, book_id: int, amount: Decimal | None, source: str, target: str
    ) -> Decimal | None:
        if amount is None:
            return None
        rate = self.rate(book_id, source, target)
        worth = None if rate is None else amount * rate
        return worth if worth is not None and countable(worth) else None


class BookRates:
    """Rates at times from `first` to `last` as one book sees them: for booking.

    `unstored` are the fills that are booked by the same call, by symbol: a rate does
    not depend on whether facts came together or one after the other. A pair costs
    its queries once.
    """

    def __init__(
        self,
        book: Book,
        first: datetime,
        last: datetime,
        unstored: Mapping[str, Sequence[Mark]] | None = None,
    ) -> None:
        self._book = book
        self._first, self._last = first, last
        self._unstored = unstored or {}
        self._pairs: dict[tuple[str, str], Marks] = {}

    def exchange(self, source: str, target: str, when: datetime) -> Rate | None:
        """The rate and what it was taken from; None when nobody knew."""
        if (source, target) not in self._pairs:
            self._pairs[source, target] = marks_between(
                self._book,
                rate_symbols(source, target, self._book.base_currency),
                self._first,
                self._last,
                unstored=self._unstored,
            )
        return self._pairs[source, target].exchange(source, target, when)

    def at(self, source: str, target: str, when: datetime) -> Decimal | None:
        """How many `target` one `source` was worth then; None when nobody knew."""
        if source == target:
            return Decimal(1)
        rate = self.exchange(source, target, when)
        return rate.value if rate else None


def rate_histories(
    books: Sequence[Book],
    currencies: Collection[str],
    target: str,
    known_at: datetime | None = None,
) -> dict[int, Marks]:
    """Everything stored about these currencies in `target` (known at a time), by book,
    to ask for rates at many times: `rate_histories(…)[book].rate(source, target, when)`. Four queries,
    none when all are in `target`; books that see the same share it."""
    symbols = {
        symbol
        for currency in currencies
        for book in books
        for symbol in rate_symbols(currency, target, book.base_currency)
    }
    if not symbols:
        return dict.fromkeys((book.pk for book in books), Marks({}))
    return mark_histories(books, symbols, known_at)
