"""Marks: what instruments were worth at a time, in the eyes of a book.

The rule is trades.domain.marks. A price counts for a book when it is the desk's or
its owner's, and prices what the book trades (a plain symbol in the book's currency).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Exists, Min, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from kernel.prepared import PreparedQuery
from trades.domain.marks import Marks, Series, Splits, fill_mark
from trades.domain.rates import Mark
from trades.models import Book, Fill, Instrument, MarketScope, Position, Price, Split
from trades.queries.splits import book_splits, splits_of_books

PRECEDENCE = ("at", "scope", "recorded_at", "id")  # own after desk: it counts
NEWEST_PRICE = ("-at", "-recorded_at", "-id")
NEWEST_FILL = ("-executed_at", "-recorded_at", "-sequence", "-id")


class Candidates(NamedTuple):
    """Ids of the newest of each kind that may be the mark of a symbol for a book, whose
    id its key begins with; `split` says whether it was ever split, for whomever."""

    key: tuple[int, Any]
    owner: int
    symbol: str
    desk: int | None
    own: int | None
    fill: int | None
    split: bool


def quote_of(symbol: str, base_currency: str) -> str:
    """In what a book prices a symbol: BASE-QUOTE says it, else the book's currency."""
    return symbol.partition("-")[2] or base_currency


def with_candidates(
    positions: QuerySet[Position], at: datetime, known_at: datetime | None = None
) -> QuerySet[Position]:
    """Positions that know what may be their mark, for `position_marks`: no further
    query, and three index look-ups for each."""
    return positions.annotate(
        split=was_split(OuterRef("instrument__symbol"), known_at),
        fill=newest_fill_of(OuterRef("book"), OuterRef("instrument"), at, known_at),
        **newest_prices_of(
            OuterRef("instrument__symbol"),
            OuterRef("instrument__quote"),
            OuterRef("book__owner"),
            at,
            known_at,
        ),
    )


def position_marks(
    positions: Iterable[Position], at: datetime, known_at: datetime | None = None
) -> dict[tuple[int, int], Mark]:
    """By (book, instrument) id; without a mark left out. `positions` come from
    `with_candidates`, book and instrument loaded. At most three queries, whatever the
    number of books, prices and fills, one more where one was split."""
    candidates = {
        Candidates(
            (row.book_id, row.instrument_id),
            row.book.owner_id,
            row.instrument.symbol,
            *(getattr(row, name) for name in ("desk", "own", "fill", "split")),
        )
        for row in positions
    }
    return chosen_marks(candidates, at, known_at)


def newest_prices_of(
    symbol: Any, quote: Any, owner: Any, at: datetime, known_at: datetime | None
) -> dict[str, Subquery]:
    """Annotations `desk` and `own`: the newest price's id of each, an index look-up."""
    counted = Price.objects.standing(known_at).filter(
        Q(currency="") | Q(currency=quote), symbol=symbol, at__lte=at
    )
    newest = counted.order_by(*NEWEST_PRICE).values("pk")
    own = newest.filter(scope=MarketScope.OWN, author=owner)
    return {
        "desk": Subquery(newest.filter(scope=MarketScope.DESK)[:1]),
        "own": Subquery(own[:1]),
    }


def was_split(symbol: Any, known_at: datetime | None) -> Exists:
    splits = Split.objects.filter(symbol=symbol)
    return Exists(splits if known_at is None else splits.standing(known_at))


def newest_fill_of(
    book: Any, instrument: Any, at: datetime, known_at: datetime | None
) -> Subquery:
    """The id of the newest fill of a pair that is a mark; a gift at 0 is none."""
    fills = marking(known_at=known_at, book=book, instrument=instrument)
    newest = fills.filter(executed_at__lte=at).order_by(*NEWEST_FILL)
    return Subquery(newest.values("pk")[:1])


def marking(
    *narrowed: Q, known_at: datetime | None = None, **by: Any
) -> QuerySet[Fill]:
    """Fills that count (as known at a time) and are a mark: a gift at 0 is none."""
    return Fill.objects.standing(known_at).filter(*narrowed, price__gt=0, **by)


def chosen_marks(
    rows: Collection[Candidates], at: datetime, known_at: datetime | None = None
) -> dict[tuple[int, Any], Mark]:
    """The newest of each row's candidates, in units of `at`. A query for each kind that
    there is."""
    prices = {
        price.pk: price
        for price in _prices([pk for row in rows for pk in row[3:5] if pk])
    }
    fills = {fill.pk: fill for fill in _fills([row.fill for row in rows if row.fill])}
    found: dict[Candidates, Mark] = {}
    for row in rows:
        marks = [_fill_mark(fills[row.fill])] if row.fill else []
        marks += [price_mark(prices[pk]) for pk in (row.desk, row.own) if pk]
        newest = Series(marks).at(at)  # of two at one time the last named counts
        if newest:
            found[row] = newest
    owners = {row.key[0]: row.owner for row in found if row.split}
    symbols = {row.symbol for row in found if row.split}
    splits = splits_of_books(owners, symbols, known_at) if owners else {}
    return {
        row.key: splits[row.key[0]].adjusted(mark, row.symbol, at)
        if row.split
        else mark
        for row, mark in found.items()
    }


@PreparedQuery
def _prices(ids: list[int]) -> QuerySet[Price]:
    return Price.objects.filter(pk__in=ids)


@PreparedQuery
def _fills(ids: list[int]) -> QuerySet[Fill]:
    return Fill.objects.filter(pk__in=ids)


def price_mark(price: Price) -> Mark:
    return Mark(price=price.price, at=price.at, source=price.source, price_id=price.pk)


def _fill_mark(fill: Fill) -> Mark:
    return fill_mark(fill.executed_at, fill.price, fill.pk)


def prices_for(
    book: Book, symbols: Collection[str], known_at: datetime | None = None
) -> QuerySet[Price]:
    """The prices of these symbols that count for a book, in order of time and, at one
    time, of precedence."""
    mine = Q(scope=MarketScope.DESK) | Q(scope=MarketScope.OWN, author=book.owner_id)
    rows = Price.objects.standing(known_at).filter(mine, _prices_what(book, symbols))
    return rows.order_by(*PRECEDENCE)


def _prices_what(book: Book, symbols: Collection[str]) -> Q:
    """Pairs say their quote; a plain symbol is priced in the book's currency."""
    pairs = {symbol for symbol in symbols if "-" in symbol}
    in_ours = Q(currency__in=("", book.base_currency))
    return Q(symbol__in=pairs) | Q(in_ours, symbol__in=set(symbols) - pairs)


def mark_history(
    book: Book,
    symbols: Collection[str],
    *,
    known_at: datetime | None = None,
) -> Marks:
    """The marks of symbols at any time (as known at one). Three or four queries, and
    memory for every price of these symbols."""
    own = _by_symbol(_own_fills([book], symbols, known_at))
    prices = prices_for(book, symbols, known_at)
    return _marks(book, own, prices, book_splits(book, symbols, known_at))


def marks_between(
    book: Book,
    symbols: Collection[str],
    first: datetime,
    last: datetime,
    *,
    unstored: Mapping[str, Iterable[Mark]] | None = None,
) -> Marks:
    """`mark_history` for times from `first` to `last` alone: what is newer or older
    than they need is not read. `unstored` are fills about to be booked. Three
    queries."""
    fills = _by_symbol(_fills_between(book, symbols, first, last))
    for symbol, marks in (unstored or {}).items():
        if symbol in symbols:
            fills[symbol].extend(marks)
    prices = _prices_between(book, symbols, first, last)
    return _marks(book, fills, prices, book_splits(book, symbols))


def mark_at(book: Book, symbol: str, when: datetime) -> Mark | None:
    """The mark of one symbol at one time. Three queries."""
    return marks_between(book, [symbol], when, when).mark(symbol, when)


def first_mark_after(book: Book, symbol: str, when: datetime) -> Mark | None:
    """The first mark after a time, in units of that time. Five queries."""
    prices = prices_for(book, [symbol]).filter(at__gt=when)
    fills = _own_fills([book], [symbol]).filter(executed_at__gt=when)
    times = [
        prices.aggregate(first=Min("at"))["first"],
        fills.aggregate(first=Min("executed_at"))["first"],
    ]
    known = [at for at in times if at is not None]
    if not known:
        return None
    marks = marks_between(book, [symbol], min(known), min(known))
    return marks.first_after(symbol, when)


def mark_histories(
    books: Sequence[Book], symbols: Collection[str], known_at: datetime | None = None
) -> dict[int, Marks]:
    """The marks of symbols at any time (as known at one), by book id. Five queries;
    books of one owner and currency without own fills of them share what they see."""
    owners = {book.pk: book.owner_id for book in books}
    splits = splits_of_books(owners, symbols, known_at)
    mine = Q(scope=MarketScope.DESK) | Q(
        scope=MarketScope.OWN, author__in=set(owners.values())
    )
    rows = Price.objects.standing(known_at).filter(mine, symbol__in=set(symbols))
    prices = list(rows.order_by(*PRECEDENCE))
    fills: dict[int, dict[str, list[Mark]]] = defaultdict(lambda: defaultdict(list))
    for book_id, symbol, mark in _fill_marks(_own_fills(books, symbols, known_at)):
        fills[book_id][symbol].append(mark)
    shared: dict[tuple[int, str, int, int], Marks] = {}
    histories = {}
    for book in books:
        alone = book.pk if book.pk in fills else 0
        seen = book.owner_id, book.base_currency, alone, id(splits[book.pk])
        if seen not in shared:
            visible = (
                price
                for price in prices
                if price.scope == MarketScope.DESK or price.author_id == book.owner_id
                if price.currency in ("", quote_of(price.symbol, book.base_currency))
            )
            own = fills.get(book.pk, {})
            shared[seen] = _marks(book, own, visible, splits[book.pk])
        histories[book.pk] = shared[seen]
    return histories


def _marks(
    book: Book,
    fills: Mapping[str, Iterable[Mark]],
    prices: Iterable[Price],
    splits: Splits,
) -> Marks:
    quoted: dict[str, list[Mark]] = defaultdict(list)
    for symbol, marks in fills.items():
        quoted[symbol].extend(marks)
    for price in prices:  # after the fills: at one time they stand before them
        quoted[price.symbol].append(price_mark(price))
    return Marks(quoted, splits, book.base_currency)


def _own_fills(
    books: Sequence[Book], symbols: Collection[str], known_at: datetime | None = None
) -> QuerySet[Fill]:
    instruments = Instrument.objects.filter(symbol__in=set(symbols))
    named = list(instruments.values_list("pk", flat=True))
    return marking(known_at=known_at, book__in=books, instrument__in=named)


def _fill_marks(fills: QuerySet[Fill]) -> Iterator[tuple[int, str, Mark]]:
    rows = fills.order_by("executed_at", "recorded_at", "sequence", "id")
    columns = ("book", "instrument__symbol", "executed_at", "price", "pk")
    for book_id, symbol, at, price, pk in rows.values_list(*columns).iterator():
        yield book_id, symbol, fill_mark(at, price, pk)


def _by_symbol(fills: QuerySet[Fill]) -> dict[str, list[Mark]]:
    marks: dict[str, list[Mark]] = defaultdict(list)
    for _, symbol, mark in _fill_marks(fills):
        marks[symbol].append(mark)
    return marks


def _fills_between(
    book: Book, symbols: Collection[str], first: datetime, last: datetime
) -> QuerySet[Fill]:
    wanted = Q(pk__in=())
    instruments = Instrument.objects.filter(symbol__in=set(symbols))
    for pk in instruments.values_list("pk", flat=True):
        rows = marking(book=book, instrument=pk)
        before = rows.filter(executed_at__lte=first).order_by("-executed_at")
        start = Coalesce(Subquery(before.values("executed_at")[:1]), Value(first))
        wanted |= Q(instrument=pk, executed_at__gte=start)
    return marking(wanted, book=book, executed_at__lte=last)


def _prices_between(
    book: Book, symbols: Collection[str], first: datetime, last: datetime
) -> QuerySet[Price]:
    wanted = Q(pk__in=())
    scopes = (
        {"scope": MarketScope.DESK},
        {"scope": MarketScope.OWN, "author": book.owner_id},
    )
    for symbol in sorted(set(symbols)):
        for scope in scopes:
            rows = prices_for(book, [symbol]).filter(**scope, at__lte=first)
            before = rows.order_by("-at").values("at")[:1]
            start = Coalesce(Subquery(before), Value(first))
            wanted |= Q(**scope, symbol=symbol, at__gte=start)
    return prices_for(book, symbols).filter(wanted, at__lte=last)
