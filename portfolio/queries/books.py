"""Which books an answer covers, and in which currency it is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from kernel.errors import NotFound
from trades.models import Book
from trades.queries.books import Reader, chosen_book, readable_books


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
    def by_currency(self) -> list[Scope]:
        """The books of each base currency, where these differ."""
        currencies = sorted({book.base_currency for book in self.books})
        if len(currencies) < 2:
            return []
        return [
            Scope(
                tuple(book for book in self.books if book.base_currency == currency),
                currency,
            )
            for currency in currencies
        ]

    @property
    def zone(self) -> str:
        """The reporting zone: the books' own when they agree, else UTC."""
        zones = {book.zone for book in self.books}
        return zones.pop() if len(zones) == 1 else "UTC"

    @property
    def ppy(self) -> int:
        """Periods per year: 252 only when all books say so."""
        return 252 if {book.periods_per_year for book in self.books} == {252} else 365


def scope(user: Reader, named: str = "") -> Scope:
    """All readable books, or the one that `named` (its id or name; blanks around it
    do not count, as for trades) says.

    One query. Raises NotFound for a book that is not there or not theirs.
    """
    named = named.strip()
    if not named:
        books = tuple(readable_books(user))
        return Scope(books, main_currency(books))
    book = chosen_book(user, named)
    if book is None:
        raise NotFound(f"There is no book {named!r} that you may see.", code="book")
    return Scope((book,), book.base_currency, book)


def main_currency(books: Sequence[Book]) -> str:
    """What most books are kept in, the first by name on a tie; "" without books."""
    counted = Counter(book.base_currency for book in books)
    return min(counted, key=lambda name: (-counted[name], name)) if counted else ""


def every_book() -> list[Book]:
    """All books, by name; for jobs and commands, not for people."""
    return list(Book.objects.order_by("name", "pk"))
