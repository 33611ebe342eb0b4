"""Which splits count for whom."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from fractions import Fraction

from django.db.models import Q

from trades.domain.marks import SplitRatio, Splits
from trades.models import Book, MarketScope, Split


def book_splits(
    book: Book, symbols: Collection[str], known_at: datetime | None = None
) -> Splits:
    """The splits of these symbols that count for a book, in order of time: those of
    the desk and of the book's owner. One query."""
    return owner_splits([book.owner_id], symbols, known_at)[book.owner_id]


def owner_splits(
    owners: Collection[int], symbols: Collection[str], known_at: datetime | None = None
) -> dict[int, Splits]:
    """`book_splits` for the books of several owners. One query."""
    wanted = Q(scope=MarketScope.DESK) | Q(
        scope=MarketScope.OWN, author__in=set(owners)
    )
    standing = Split.objects.standing(known_at).filter(wanted, symbol__in=set(symbols))
    rows = list(standing.order_by("at", "id"))
    return {owner: Splits(_counted(rows, owner)) for owner in set(owners)}


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
