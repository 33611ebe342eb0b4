"""A book's whole history as the walk through it needs it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.db.models import Q

from portfolio.domain.equity import Entry, Walk
from portfolio.domain.returns import day_of
from portfolio.queries.day_facts import DayFacts, PriceRow, day_facts
from portfolio.queries.entries import FillRow, entries_of, fill_rows
from trades.domain.marks import Marks, fill_mark
from trades.domain.rates import Mark, pair_symbols
from trades.models import Book, Transfer
from trades.queries.known import KnownBook
from trades.queries.marks import prices_for
from trades.queries.splits import book_splits


@dataclass(frozen=True, kw_only=True)
class History:
    """Everything of one book, in order of time."""

    book: Book
    entries: Sequence[Entry]
    marks: Marks
    quotes: dict[str, str]
    facts: dict[date, DayFacts]
    symbols: frozenset[str]  # whose prices and splits bear on it

    def start(self) -> Walk:
        """The state before anything happened."""
        return Walk(
            base=self.book.base_currency,
            quotes=self.quotes,
            marks=self.marks,
        )

    @property
    def first_day(self) -> date | None:
        return day_of(self.entries[0].at, self.book.zone) if self.entries else None


def history(book: Book, known: KnownBook | None = None) -> History:
    """Load it, as it is or was known: six queries, and time in proportion to the number
    of facts."""
    fills = fill_rows(book, known)
    transfers = _transfers(book) if known is None else known.transfers
    known_at = known.known_at if known else None
    quotes = {row.symbol: row.quote for row in fills}
    quotes |= {
        transfer.instrument.symbol: transfer.instrument.quote
        for transfer in transfers
        if transfer.instrument is not None
    }
    symbols = {*quotes, *_pairs(book, quotes, fills, transfers)}
    rows = prices_for(book, symbols, known_at).values_list(
        "symbol", "at", "price", "source"
    )
    prices = [PriceRow(*row) for row in rows]
    splits = book_splits(book, symbols, known_at)
    return History(
        book=book,
        entries=entries_of(book, fills, transfers, splits, known),
        marks=Marks(_quoted(prices, fills), splits, book.base_currency),
        quotes=quotes,
        facts=day_facts(book.zone, fills, transfers, prices),
        symbols=frozenset(symbols),
    )


def _transfers(book: Book) -> list[Transfer]:
    """Those that count, from both sides, in order."""
    return list(
        Transfer.objects.standing()
        .filter(Q(book=book) | Q(to_book=book))
        .select_related("instrument")
        .order_by("at", "recorded_at", "sequence", "id")
    )


def _pairs(
    book: Book,
    quotes: dict[str, str],
    fills: Sequence[FillRow],
    transfers: Sequence[Transfer],
) -> set[str]:
    """The pairs that price every currency that the book may hold."""
    currencies = {
        *quotes.values(),
        *(row.fee_currency for row in fills),
        *(transfer.asset for transfer in transfers),
    } - {book.base_currency}
    bases = {book.base_currency, *quotes.values()}
    return {
        symbol
        for currency in currencies
        for base in bases - {currency}
        for symbol in pair_symbols(currency, base)
    }


def _quoted(
    prices: Iterable[PriceRow], fills: Iterable[FillRow]
) -> dict[str, list[Mark]]:
    """What was quoted, by symbol; a price stands before a fill of its time."""
    quoted: dict[str, list[Mark]] = defaultdict(list)
    for fill in fills:
        if fill.price > 0:
            quoted[fill.symbol].append(fill_mark(fill.executed_at, fill.price))
    for row in prices:
        quoted[row.symbol].append(Mark(price=row.price, at=row.at, source=row.source))
    return quoted
