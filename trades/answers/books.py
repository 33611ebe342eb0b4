"""What the API answers about books."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.schema import Answer
from trades.models import Book


@dataclass(frozen=True, kw_only=True)
class BookAnswer(Answer):
    """A trading account; `revision` is what a change names. `owner` is "" for whom
    only PUBLIC_READ lets read it: a login name is nothing for strangers."""

    id: str
    name: str
    owner: str
    base_currency: str
    method: Book.Method
    zone: str
    periods_per_year: int
    allow_short: bool
    revision: int

    @classmethod
    def of(cls, book: Book, *, entrusted: bool = True) -> BookAnswer:
        """Its owner is loaded; `entrusted` as `queries.books.is_entrusted` says."""
        return cls(
            id=str(book.pk),
            name=book.name,
            owner=book.owner.username if entrusted else "",
            base_currency=book.base_currency,
            method=Book.Method(book.method),
            zone=book.zone,
            periods_per_year=book.periods_per_year,
            allow_short=book.allow_short,
            revision=book.revision,
        )


@dataclass(frozen=True, kw_only=True)
class BookList(Answer):
    books: list[BookAnswer]
    next_cursor: str | None
