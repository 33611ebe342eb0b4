"""Where books stand in a symbol, in figures that a person compares."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db.models import QuerySet

from kernel.display import grouped
from kernel.numbers import ZERO
from trades.models import Balance, Book, Generation, MarketScope, Position
from trades.queries.books import Reader, readable_books
from trades.queries.marks import position_marks, with_candidates

MOST_BOOKS = 20  # compared on a page


def situation(books: Sequence[Book], symbol: str, now: datetime) -> dict[str, str]:
    """By name: what the books hold of a symbol and at which mark, whether it waits to be
    matched again, their cash and what they realised. At most seven queries."""
    rows = Position.objects.filter(book__in=books, instrument__symbol=symbol)
    rows = rows.select_related("book", "instrument").order_by("book__name", "id")
    positions = list(with_candidates(rows, now))
    marks = position_marks(positions, now)
    held: dict[str, Decimal] = defaultdict(lambda: ZERO)
    figures: dict[str, str] = {}
    for position in positions:
        held[position.book.name] += position.quantity
        figures[f"{symbol} held in {position.book.name}"] = grouped(
            held[position.book.name]
        )
        mark = marks.get((position.book_id, position.instrument_id))
        if mark is not None:
            quote = position.instrument.quote
            name = f"Mark of {symbol} in {position.book.name}"
            figures[name] = f"{grouped(mark.price)} {quote}"
    waiting = Generation.objects.filter(
        book__in=books, instrument__symbol=symbol, waits=True
    )
    for name in waiting.values_list("book__name", flat=True).order_by("book__name"):
        figures[f"{symbol} in {name}"] = "as it is, until a job has matched it again"
    for balance in Balance.objects.filter(book__in=books).select_related("book"):
        name, currency = balance.book.name, balance.currency
        figures[f"{currency} in {name}"] = grouped(balance.cash)
        figures[f"Realised in {name}, {currency}"] = grouped(balance.realised)
    return figures


def books_holding(symbol: str, scope: str, user: Reader) -> QuerySet[Book]:
    """The first books that hold a symbol and for which a fact of this scope counts,
    as far as the person may read them."""
    books = readable_books(user).filter(positions__instrument__symbol=symbol)
    if scope == MarketScope.OWN:
        books = books.filter(owner=user.pk)
    return books.distinct()[:MOST_BOOKS]
