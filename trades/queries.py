"""Named reads that pages, API, imports and jobs share."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import Q, QuerySet

from accounts.models import User
from trades.models import Book, Instrument, Strategy


def books_for(user: User) -> QuerySet[Book]:
    """The books whose content the person may read: all, or their own."""
    if user.has_perm("trading.view"):
        return Book.objects.all()
    if user.has_perm("trading.own"):
        return Book.objects.filter(owner=user)
    return Book.objects.none()


def book_named(books: QuerySet[Book], wanted: str) -> Book | None:
    """The book among `books` with this id or name."""
    rule = Q(name=wanted)
    if wanted.isdecimal() and len(wanted) < 19:
        rule |= Q(pk=int(wanted))
    found = list(books.filter(rule))
    return next((book for book in found if str(book.pk) == wanted), None) or (
        found[0] if found else None
    )


def demo_books_exist() -> bool:
    """Whether pages must say DEMO DATA."""
    return Book.objects.filter(demo=True).exists()


def symbols_of(books: Sequence[Book]) -> list[str]:
    """The symbols traded in these books, for a filter's choices."""
    return list(
        Instrument.objects.filter(fills__book__in=books)
        .distinct()
        .order_by("symbol")
        .values_list("symbol", flat=True)
    )


def strategies() -> list[str]:
    return list(Strategy.objects.values_list("name", flat=True))
