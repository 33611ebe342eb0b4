"""A book's whole history as the walk through it needs it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from django.db.models import Q, QuerySet

from portfolio.domain.equity import Entry, Walk
from portfolio.domain.returns import ONE_DAY, day_end, day_of
from portfolio.domain.walk_state import go_on
from portfolio.models import EquityState
from portfolio.queries.day_facts import DayFacts, PriceRow, day_facts
from portfolio.queries.entries import FillRow, entries_of, fill_rows
from trades.domain.marks import Marks, fill_mark
from trades.domain.rates import Mark, pair_symbols
from trades.models import Book, Fill, Price, Transfer
from trades.queries.known import KnownBook
from trades.queries.marks import marks_between, prices_for
from trades.queries.splits import book_splits

ANY_TIME = datetime.max.replace(tzinfo=UTC)
MOST_SYMBOLS = 100  # of which one statement looks for the newest marks


@dataclass(frozen=True, kw_only=True)
class History:
    """Everything of one book, or what came after `behind`, in order of time."""

    book: Book
    entries: Sequence[Entry]
    marks: Marks
    quotes: dict[str, str]
    facts: dict[date, DayFacts]
    symbols: frozenset[str]  # whose prices and splits bear on it
    behind: EquityState | None = None

    def start(self) -> Walk:
        """The state before all this happened."""
        walk = Walk(
            base=self.book.base_currency,
            quotes=self.quotes,
            marks=self.marks,
        )
        return walk if self.behind is None else go_on(walk, self.behind.walk)

    @property
    def first_day(self) -> date | None:
        if self.behind is not None:
            return self.behind.day + ONE_DAY
        return day_of(self.entries[0].at, self.book.zone) if self.entries else None


def history(book: Book, known: KnownBook | None = None) -> History:
    """Load it, as it is or was known: six queries, and time in proportion to the number
    of facts."""
    fills = fill_rows(book, known)
    transfers = _transfers(book) if known is None else known.transfers
    known_at = known.known_at if known else None
    named = Named.by(book, fills, transfers)
    prices = _price_rows(prices_for(book, named.symbols, known_at))
    splits = book_splits(book, named.symbols, known_at)
    return History(
        book=book,
        entries=entries_of(book, fills, transfers, splits, known),
        marks=Marks(_quoted(prices, fills), splits, book.base_currency),
        quotes=named.quotes,
        facts=day_facts(book.zone, fills, transfers, prices),
        symbols=named.symbols,
    )


def history_behind(book: Book, state: EquityState) -> History | None:
    """What came after the end of that day: twelve queries, and time in proportion to
    it. None where something of it bears on the days before, too."""
    after = day_end(state.day, book.zone)
    named = Named.in_all(book)
    symbols = named.symbols
    if len(symbols) > MOST_SYMBOLS or _were_priced(
        book, symbols.symmetric_difference(state.symbols), after
    ):
        return None
    fills = fill_rows(book, after=after)
    transfers = _transfers(book, after)
    splits = book_splits(book, symbols)
    prices = _price_rows(prices_for(book, symbols).filter(at__gt=after))
    return History(
        book=book,
        entries=entries_of(
            book, fills, transfers, splits, symbols=named.quotes, after=after
        ),
        marks=marks_between(book, symbols, after, ANY_TIME),
        quotes=named.quotes,
        facts=day_facts(book.zone, fills, transfers, prices),
        symbols=symbols,
        behind=state,
    )


def _were_priced(book: Book, symbols: Collection[str], until: datetime) -> bool:
    """Whether the days until then count prices or splits of these symbols."""
    if not symbols:
        return False
    prices = prices_for(book, symbols).filter(at__lte=until)
    return prices.exists() or bool(book_splits(book, symbols).symbols)


def _price_rows(prices: QuerySet[Price]) -> list[PriceRow]:
    rows = prices.values_list("symbol", "at", "price", "source")
    return [PriceRow(*row) for row in rows]


@dataclass(frozen=True, kw_only=True)
class Named:
    """What a book's facts name: in what each symbol is quoted, and the symbols that
    price these and every currency that the book may hold."""

    quotes: dict[str, str]
    symbols: frozenset[str]

    @classmethod
    def by(
        cls, book: Book, fills: Iterable[FillRow], transfers: Iterable[Transfer]
    ) -> Named:
        """From all of them."""
        quotes, currencies = {}, set()
        for row in fills:
            quotes[row.symbol] = row.quote
            currencies.add(row.fee_currency)
        for transfer in transfers:
            currencies.add(transfer.asset)
            if transfer.instrument is not None:
                quotes[transfer.instrument.symbol] = transfer.instrument.quote
        return cls._of(book, quotes, currencies)

    @classmethod
    def in_all(cls, book: Book) -> Named:
        """The same without reading each: three queries."""
        fills = Fill.objects.standing().filter(book=book).order_by()
        columns = ("instrument__symbol", "instrument__quote")
        quotes = dict(fills.values_list(*columns).distinct())
        currencies = set(fills.values_list("fee_currency", flat=True).distinct())
        transfers = _both_sides(book).order_by().values_list("asset", *columns)
        for asset, symbol, quote in transfers.distinct():
            currencies.add(asset)
            if symbol is not None:
                quotes[symbol] = quote
        return cls._of(book, quotes, currencies)

    @classmethod
    def _of(
        cls, book: Book, quotes: dict[str, str], currencies: Iterable[str]
    ) -> Named:
        bases = {book.base_currency, *quotes.values()}
        pairs = {
            symbol
            for currency in {*quotes.values(), *currencies} - {book.base_currency}
            for base in bases - {currency}
            for symbol in pair_symbols(currency, base)
        }
        return cls(quotes=quotes, symbols=frozenset({*quotes, *pairs}))


def _both_sides(book: Book) -> QuerySet[Transfer]:
    """The transfers that count, from both sides."""
    return Transfer.objects.standing().filter(Q(book=book) | Q(to_book=book))


def _transfers(book: Book, after: datetime | None = None) -> list[Transfer]:
    """Those (after a time) that count, in order."""
    later = Q() if after is None else Q(at__gt=after)
    return list(
        _both_sides(book)
        .filter(later)
        .select_related("instrument")
        .order_by("at", "recorded_at", "sequence", "id")
    )


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
