"""Trading accounts: making them, and who may write in which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from kernel.cache import bump
from kernel.errors import FieldError, Forbidden, Invalid, NameTaken, summary
from trades.domain.reading import ASSET, is_id, zone_of
from trades.models import Book, BookMethod
from trades.queries.books import chosen_book, own_books
from trades.queries.versions import LEDGER

MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class NewBook:
    name: str
    base_currency: str
    zone: str = "UTC"
    periods_per_year: int = 365
    allow_short: bool = False
    method: str = Book.Method.FIFO
    demo: bool = False


def create_book(new: NewBook, owner: User, by: User | None = None) -> Book:
    """Make a book for `owner`; `by` is who asked (default the owner).

    Raises Invalid for values that cannot be, NameTaken when the name is.
    """
    _check(new)
    author = by or owner
    with transaction.atomic():
        now = timezone.now()
        try:
            with transaction.atomic():
                book = Book.objects.create(
                    name=new.name,
                    owner=owner,
                    base_currency=new.base_currency,
                    method=new.method,
                    zone=new.zone,
                    periods_per_year=new.periods_per_year,
                    allow_short=new.allow_short,
                    demo=new.demo,
                    created_at=now,
                )
        except IntegrityError:
            raise NameTaken(
                f"A book named {new.name!r} exists already.",
                code="name_taken",
                errors=[FieldError("/name", "unique", "is taken")],
            ) from None
        BookMethod.objects.create(
            book=book, method=book.method, author=author, recorded_at=now
        )
        bump("books", LEDGER, f"book:{book.pk}")
        audit.append(
            "trades.book.created",
            actor=author.actor,
            object=f"book:{book.pk}",
            data={
                "name": book.name,
                "owner": owner.username,
                "base_currency": book.base_currency,
                "method": book.method,
            },
        )
    return book


def _check(new: NewBook) -> None:
    errors = []
    if not new.name.strip() or len(new.name) > 100 or not new.name.isprintable():
        errors.append(FieldError("/name", "invalid", "needs 1 to 100 plain characters"))
    if is_id(new.name.strip()):
        errors.append(
            FieldError("/name", "digits", "of digits alone would be read as an id")
        )
    if not ASSET.fullmatch(new.base_currency):
        errors.append(FieldError("/base_currency", "invalid", "is no currency"))
    try:
        zone_of(new.zone)
    except ValueError as error:
        errors.append(FieldError("/zone", "zone", str(error)))
    if new.periods_per_year not in (252, 365):
        errors.append(FieldError("/periods_per_year", "choice", "is 252 or 365"))
    if new.method != Book.Method.FIFO:
        errors.append(
            FieldError("/method", "not_supported", "only fifo is matched today")
        )
    if errors:
        raise Invalid(
            summary(errors, most=len(errors)),
            code="invalid",
            errors=errors,
        )


def locked(book: Book) -> Book:
    """The book's row, locked: one writer at a time for everything in it. Whoever asks
    is going to write, so from the commit on it is another version of the book."""
    held = Book.objects.select_for_update().get(pk=book.pk)
    Book.objects.filter(pk=book.pk).update(version=F("version") + 1)
    bump(LEDGER, f"book:{book.pk}")
    return held


def locked_all(books: QuerySet[Book]) -> list[Book]:
    """`locked` for many, in order of their ids. Two queries."""
    ids = sorted(books.values_list("pk", flat=True))
    held = Book.objects.select_for_update().filter(pk__in=ids).order_by("pk")
    rows = list(held)
    Book.objects.filter(pk__in=ids).update(version=F("version") + 1)
    bump(LEDGER, *(f"book:{pk}" for pk in ids))
    return rows


def moment(book: Book) -> datetime:
    """When the facts of this transaction are recorded: now, and always later than
    what was recorded in the book before. The book is locked."""
    now = timezone.now()
    if book.recorded_at is not None and now <= book.recorded_at:
        now = book.recorded_at + MICROSECOND
    book.recorded_at = now
    book.save(update_fields=["recorded_at"])
    return now


def writable_book(text: str, by: User, pointer: str = "/book") -> Book:
    """The book that a person names (id or name; "" is their only one) to write in.

    Raises Invalid when there is no such book for them, Forbidden when it is
    somebody else's that they may only read.
    """
    if not text:
        own = list(own_books(by)[:2])
        if len(own) == 1:
            return own[0]
        raise Invalid(
            "Say which book: you have none." if not own else "Say which book.",
            code="book",
            errors=[FieldError(pointer, "required", "names no book")],
        )
    book = chosen_book(by, text)
    if book is None:
        raise Invalid(
            f"There is no book {text[:40]!r} that you may see.",
            code="book",
            errors=[FieldError(pointer, "unknown", "is no book that you may see")],
        )
    if book.owner_id != by.pk or not by.has_perm("trading.own"):
        raise Forbidden("Only the owner writes in a book.", code="not_owner")
    return book
