"""A book's whole history as the walk through it needs it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from portfolio.domain.equity import Entry, Walk
from portfolio.domain.returns import day_of
from portfolio.queries.day_facts import DayFacts, PriceRow, day_facts
from portfolio.queries.entries import FillRow, entries_of, fill_rows
from trades.domain.rates import Marks, pair_symbols
from trades.models import Book, Price, Transfer


@dataclass(frozen=True, kw_only=True)
class History:
    """Everything of one book, in order of time."""

    book: Book
    entries: Sequence[Entry]
    marks: Marks
    quotes: dict[str, str]
    facts: dict[date, DayFacts]

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


def history(book: Book) -> History:
    """Load it: six queries, and time in proportion to the number of facts."""
    fills = fill_rows(book)
    transfers = list(
        Transfer.objects.standing()
        .filter(book=book)
        .select_related("instrument")
        .order_by("at", "recorded_at", "sequence", "id")
    )
    quotes = {row.symbol: row.quote for row in fills}
    quotes |= {
        transfer.instrument.symbol: transfer.instrument.quote
        for transfer in transfers
        if transfer.instrument is not None
    }
    prices = _prices(book, quotes, fills, transfers)
    return History(
        book=book,
        entries=entries_of(book, fills, transfers),
        marks=_marks(prices, fills),
        quotes=quotes,
        facts=day_facts(book.zone, fills, transfers, prices),
    )


def _prices(
    book: Book,
    quotes: dict[str, str],
    fills: Sequence[FillRow],
    transfers: Sequence[Transfer],
) -> list[PriceRow]:
    """Prices of what the book trades and of every currency it may hold."""
    currencies = {
        *quotes.values(),
        *(row.fee_currency for row in fills),
        *(transfer.asset for transfer in transfers),
    } - {book.base_currency}
    bases = {book.base_currency, *quotes.values()}
    pairs = {
        symbol
        for currency in currencies
        for base in bases - {currency}
        for symbol in pair_symbols(currency, base)
    }
    prices = Price.objects.filter(symbol__in={*quotes, *pairs}).order_by("at", "id")
    rows = prices.values_list("symbol", "at", "price", "source")
    return [PriceRow(*row) for row in rows]


def _marks(prices: Iterable[PriceRow], fills: Iterable[FillRow]) -> Marks:
    quoted: dict[str, list[tuple[datetime, Decimal]]] = defaultdict(list)
    for row in prices:
        quoted[row.symbol].append((row.at, row.price))
    traded: dict[str, list[tuple[datetime, Decimal]]] = defaultdict(list)
    for fill in fills:
        traded[fill.symbol].append((fill.executed_at, fill.price))
    return Marks(quoted, traded)
