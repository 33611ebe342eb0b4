"""Which books there are, which one a text means, and who may read them.

Everything that shows money asks here: portfolio, trades, performance, pages and API.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import User
from kernel.access import Access
from kernel.errors import NotFound
from kernel.numbers import whole_number
from kernel.paging import Page, newest_first
from kernel.prepared import PreparedQuery
from trades.domain.reading import is_id
from trades.models import Book, Fill, Instrument

Reader: TypeAlias = User | AnonymousUser

# Reads that PUBLIC_READ opens to everybody, and the writes that it never opens.
BOOKS = Access(
    "trading.own",
    "trading.view",
    writes=("trading.own",),
    objects="own books",
    public_read=True,
)


def book_named(books: QuerySet[Book], text: str) -> Book | None:
    """The book among `books` that this id or name means. One query."""
    if not is_id(text):
        return books.filter(name=text).first()
    number = whole_number(text)
    return None if number is None else books.filter(pk=number).first()


def is_meant(book: Book, text: str) -> bool:
    """Whether this id or name means the book."""
    return whole_number(text) == book.pk if is_id(text) else text == book.name


def chosen_book(user: Reader, text: str) -> Book | None:
    """The book that `?book=` means for a person, None when they may read none such."""
    return book_named(readable_books(user), text)


def asked_book(user: Reader, text: str) -> Book:
    """`chosen_book`. Raises NotFound for one that is not there or not theirs."""
    book = chosen_book(user, text)
    if book is None:
        raise NotFound(f"There is no book {text!r} that you may see.", code="book")
    return book


def readable_books(user: Reader) -> QuerySet[Book]:
    """The books whose trades, portfolio and performance a person may read, by name:
    all for anybody where PUBLIC_READ is set."""
    if reads_every_book(user):
        return Book.objects.order_by("name")
    return entrusted_books(user)


def books_of(user: Reader) -> list[Book]:
    """The rows of `readable_books`. One query at most."""
    if reads_every_book(user):
        return _every_book()
    mine = isinstance(user, User) and user.has_perm("trading.own")
    return _books_of(user.pk) if mine else []


@PreparedQuery
def _every_book() -> QuerySet[Book]:
    return Book.objects.order_by("name")


@PreparedQuery
def _books_of(owner_id: int) -> QuerySet[Book]:
    return Book.objects.filter(owner=owner_id).order_by("name")


def reads_every_book(user: Reader) -> bool:
    return settings.PUBLIC_READ or user.has_perm("trading.view")


def entrusted_books(user: Reader) -> QuerySet[Book]:
    """The books that are a person's to know whatever PUBLIC_READ says: all with
    trading.view, else their own. What is behind a trade (its entries in the log,
    the file it came from), and whose the book is, is theirs alone."""
    if user.has_perm("trading.view"):
        return Book.objects.order_by("name")
    if isinstance(user, User) and user.has_perm("trading.own"):
        return Book.objects.filter(owner=user).order_by("name")
    return Book.objects.none()


def is_entrusted(user: Reader, book: Book) -> bool:
    """Whether the book is one of `entrusted_books`; asks no database."""
    if user.has_perm("trading.view"):
        return True
    return user.has_perm("trading.own") and book.owner_id == user.pk


def own_books(user: User) -> QuerySet[Book]:
    """The books that a person writes in."""
    return Book.objects.filter(owner=user).order_by("name")


def books_page(user: Reader, *, limit: int, cursor: str = "") -> Page[Book]:
    """Books that the person may read, newest first."""
    rows = readable_books(user).select_related("owner")
    return newest_first(rows, field="created_at", limit=limit, cursor=cursor)


def book_exists(name: str) -> bool:
    return Book.objects.filter(name=name).exists()


def demo_books_exist() -> bool:
    """Whether pages must say DEMO DATA."""
    return Book.objects.filter(demo=True).exists()


def symbols_of(books: Sequence[Book]) -> list[str]:
    """The symbols traded in these books, for a filter's choices. Looks once for each
    instrument, not at each trade."""
    mine = Fill.objects.filter(book__in=books, instrument=OuterRef("pk"))
    traded = Instrument.objects.filter(Exists(mine)).order_by("symbol")
    return list(traded.values_list("symbol", flat=True).distinct())
