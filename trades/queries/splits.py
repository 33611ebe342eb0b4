"""Which splits count for whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import TypeAlias

from django.db.models import Q

from trades.domain.marks import SplitRatio, Splits
from trades.models import Book, Generation, MarketScope, Split

Cuts: TypeAlias = Mapping[tuple[int, str], datetime]


def book_splits(
    book: Book,
    symbols: Collection[str],
    known_at: datetime | None = None,
    *,
    settled: bool = False,
) -> Splits:
    """The splits of these symbols that count for a book, in order of time: those of
    the desk and of the book's owner. While a pair waits for the job that follows a
    split, those that counted before it (unless asked for what is to be once it has
    `settled`). One query, and one more where there are any."""
    rows = _rows([book.owner_id], symbols, known_at)
    cuts = {} if settled else _cuts([book.pk], rows, known_at)
    return _splits(book.pk, book.owner_id, rows, cuts)


def splits_of_books(
    owners: Mapping[int, int],
    symbols: Collection[str],
    known_at: datetime | None = None,
) -> dict[int, Splits]:
    """`book_splits` for several books, given with their owners. As many queries."""
    rows = _rows(owners.values(), symbols, known_at)
    cuts = _cuts(owners, rows, known_at)
    shared = {owner: _splits(0, owner, rows, {}) for owner in set(owners.values())}
    behind = {book for book, _ in cuts}
    return {
        book: _splits(book, owner, rows, cuts) if book in behind else shared[owner]
        for book, owner in owners.items()
    }


def _rows(
    owners: Iterable[int], symbols: Collection[str], known_at: datetime | None
) -> list[Split]:
    """Those that ever counted for these owners, or that did at a time."""
    wanted = Q(scope=MarketScope.DESK) | Q(
        scope=MarketScope.OWN, author__in=set(owners)
    )
    rows = Split.objects.filter(wanted, symbol__in=set(symbols))
    if known_at is not None:
        rows = rows.standing(known_at)
    return list(rows.order_by("at", "id"))


def _cuts(
    books: Iterable[int], rows: Collection[Split], known_at: datetime | None
) -> Cuts:
    """Until when the books have followed the splits of their waiting pairs."""
    if known_at is not None or not rows:
        return {}
    behind = Generation.objects.filter(
        book__in=set(books),
        market_at__isnull=False,
        instrument__symbol__in={row.symbol for row in rows},
    )
    columns = ("book", "instrument__symbol", "market_at")
    return {
        (book, symbol): at for book, symbol, at in behind.values_list(*columns) if at
    }


def _splits(book: int, owner: int, rows: Iterable[Split], cuts: Cuts) -> Splits:
    standing = [row for row in rows if row.stood(cuts.get((book, row.symbol)))]
    return Splits(_counted(standing, owner))


def _counted(rows: Iterable[Split], owner: int) -> Iterable[SplitRatio]:
    """An own split stands in the place of the desk's of its symbol and day."""
    own = {
        (row.symbol, _day(row)): row
        for row in rows
        if row.scope == MarketScope.OWN and row.author_id == owner
    }
    for row in rows:
        mine = row.scope == MarketScope.OWN and row.author_id == owner
        if mine or (
            row.scope == MarketScope.DESK and (row.symbol, _day(row)) not in own
        ):
            ratio = Fraction(row.numerator, row.denominator)
            yield SplitRatio(symbol=row.symbol, at=row.at, ratio=ratio)


def _day(split: Split) -> date:
    return split.at.astimezone(UTC).date()
