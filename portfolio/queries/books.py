"""Which books an answer covers, and in which currency it is given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from django.http import QueryDict

from portfolio.domain.returns import day_of
from portfolio.queries.sizes import check_walks
from trades.models import Book
from trades.queries.books import Reader, asked_book, books_of
from trades.queries.known import KnownBook, known_books
from trades.queries.known_times import known_time


@dataclass(frozen=True)
class Scope:
    """The books of one answer. `currency` is what most of them are kept in; `one`
    is set when a single book was asked for. `known` are the books, by id, as they were
    known at `known_at`; None: as they are known now."""

    books: tuple[Book, ...]
    currency: str
    one: Book | None = None
    known_at: datetime | None = None
    known: Mapping[int, KnownBook] | None = None

    def as_known(self, known_at: datetime) -> Scope:
        """The same books as they were known at a time. A few queries for each pair of
        book and instrument. Raises Invalid where they have too many facts, prices or days
        to be told again."""
        known = known_books(self.books, known_at)
        check_walks(list(known.values()))
        return replace(self, known_at=known_at, known=known)

    def known_book(self, pk: int) -> KnownBook | None:
        return None if self.known is None else self.known[pk]

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
            replace(
                self,
                books=tuple(
                    book for book in self.books if book.base_currency == currency
                ),
                currency=currency,
                one=None,
                known=self.known
                and {
                    pk: known
                    for pk, known in self.known.items()
                    if known.book.base_currency == currency
                },
            )
            for currency in currencies
        ]

    @property
    def zone(self) -> str:
        """The reporting zone: the books' own when they agree, else UTC."""
        zones = {book.zone for book in self.books}
        return zones.pop() if len(zones) == 1 else "UTC"

    def day(self, now: datetime) -> date:
        """The newest day that has begun for each of the books: what they add up to on a
        later one lacks those in whose zone it is still yesterday."""
        days = [day_of(now, book.zone) for book in self.books]
        return min(days, default=day_of(now, self.zone))

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
        books = tuple(books_of(user))
        return Scope(books, main_currency(books))
    book = asked_book(user, named)
    return Scope((book,), book.base_currency, book)


def scope_asked(
    user: Reader, query: Mapping[str, str] | QueryDict, now: datetime
) -> tuple[Scope, datetime]:
    """What `book` and `known_at` of a query mean, and the time for which it is told:
    `now`, or the time as known at which it is asked.

    Raises NotFound as `scope`, Invalid as `Scope.as_known`, and as `known_time`.
    """
    return as_asked(scope(user, query.get("book") or ""), query, now)


def as_asked(
    books: Scope, query: Mapping[str, str] | QueryDict, now: datetime
) -> tuple[Scope, datetime]:
    """`scope_asked` for books that are chosen already."""
    known_at = known_time(query.get("known_at") or "", now)
    return (books, now) if known_at is None else (books.as_known(known_at), known_at)


def main_currency(books: Sequence[Book]) -> str:
    """What most books are kept in, the first by name on a tie; "" without books."""
    counted = Counter(book.base_currency for book in books)
    return min(counted, key=lambda name: (-counted[name], name)) if counted else ""


def every_book() -> list[Book]:
    """All books, by name; for jobs and commands, not for people."""
    return list(Book.objects.order_by("name", "pk"))
