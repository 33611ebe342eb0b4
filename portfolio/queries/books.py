"""Which books an answer covers, and in which currency it is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import QuerySet

from kernel.errors import NotFound
from trades.models import Book


@dataclass(frozen=True)
class Scope:
    """The books of one answer. `currency` is what most of them are kept in; `one`
    is set when a single book was asked for."""

    books: tuple[Book, ...]
    currency: str
    one: Book | None = None

    @property
    def ids(self) -> list[int]:
        return [book.pk for book in self.books]

    @property
    def mixed(self) -> bool:
        return len({book.base_currency for book in self.books}) > 1

    @property
    def demo(self) -> bool:
        return any(book.demo for book in self.books)

    @property
    def zone(self) -> str:
        """The reporting zone: the books' own when they agree, else UTC."""
        zones = {book.zone for book in self.books}
        return zones.pop() if len(zones) == 1 else "UTC"

    @property
    def ppy(self) -> int:
        """Periods per year: 252 only when all books say so."""
        return 252 if {book.periods_per_year for book in self.books} == {252} else 365


def readable(user: Any) -> QuerySet[Book]:
    """The books a person may read: all with trading.view, else their own; all for
    anybody where PUBLIC_READ is set."""
    everything = Book.objects.order_by("name")
    if settings.PUBLIC_READ or user.has_perm("trading.view"):
        return everything
    if not user.is_authenticated or not user.has_perm("trading.own"):
        return everything.none()
    return everything.filter(owner=user)


def scope(user: Any, named: str = "") -> Scope:
    """All readable books, or the one that `named` (its id or name) says.

    One query. Raises NotFound for a book that is not there or not theirs.
    """
    books = list(readable(user))
    one = None
    if named:
        one = next((b for b in books if named in {str(b.pk), b.name}), None)
        if one is None:
            raise NotFound(f"There is no book {named!r} that you may see.", code="book")
        books = [one]
    return Scope(tuple(books), main_currency(books), one)


def main_currency(books: Sequence[Book]) -> str:
    """What most books are kept in, the first by name on a tie; "" without books."""
    counted = Counter(book.base_currency for book in books)
    return min(counted, key=lambda name: (-counted[name], name)) if counted else ""


def every_book() -> list[Book]:
    """All books, by name; for jobs and commands, not for people."""
    return list(Book.objects.order_by("name", "pk"))
