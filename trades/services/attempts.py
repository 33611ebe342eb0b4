"""What waits, and what of it is to be matched again at once: the pairs of a book, and of
those from or to which a movement waits with them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Max, Q

from trades.models import Book, Fill, Generation, Instrument, Settled, Transfer
from trades.services.books import locked_all
from trades.services.waiting import ask


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """A book's pairs that wait with the numbers of their new generations, and
    which facts are to join."""

    book: Book
    numbers: Mapping[Instrument, int]
    settled: Settled


def unfinished() -> Iterable[Book]:
    """The books in which something waits, or is left to be tidied up."""
    rows = Generation.objects.filter(Q(waits=True) | Q(littered=True))
    ids = rows.order_by().values_list("book", flat=True).distinct()
    return Book.objects.filter(pk__in=list(ids)).order_by("pk")


def begin(book: Book) -> list[Attempt]:
    """New numbers for all that is to change at once, senders first; nothing where
    nothing waits, or where another book of these is the one that the job does."""
    while True:
        with transaction.atomic():
            moves = _moves_between(book)
            ids = {book.pk}.union(*moves)
            books = locked_all(Book.objects.filter(pk__in=ids))
            if _moves_between(book) != moves:
                continue  # more came before the books were locked
            if books[0] != book:
                ask(books[0])
                return []
            return _attempts(senders_first(books, moves))


def _moves_between(book: Book) -> set[tuple[int, int]]:
    """The books from and to which something waits to be moved, of all that hang
    together with this one. A query, and one for each step on the way."""
    waiting = Transfer.objects.waiting().filter(to_book__isnull=False)
    moves: set[tuple[int, int]] = set()
    near = {book.pk}
    while True:
        ends = waiting.filter(Q(book__in=near) | Q(to_book__in=near))
        more = set(ends.values_list("book", "to_book"))
        if more <= moves:
            return moves
        moves |= more
        near = near.union(*more)


def senders_first(
    books: Iterable[Book], moves: Collection[tuple[int, int]]
) -> list[Book]:
    """In an order in which lots travel; where they go round, it begins anywhere."""
    left = {book.pk: book for book in books}
    ordered = []
    while left:
        ends = {there for here, there in moves if here in left}
        ordered.append(left.pop(min(left.keys() - ends or left)))
    return ordered


def _attempts(books: Sequence[Book]) -> list[Attempt]:
    """Under their locks."""
    attempts = []
    last = [
        model._default_manager.filter(book__in=books).aggregate(last=Max("pk"))["last"]
        for model in (Fill, Transfer)
    ]
    settled = Settled(
        books=[book.pk for book in books], fills=last[0] or 0, transfers=last[1] or 0
    )
    for book in books:
        waiting = Generation.objects.filter(book=book, waits=True)
        rows = list(waiting.select_related("instrument").order_by("instrument"))
        for row in rows:
            row.last, row.littered = row.last + 1, True
            row.save(update_fields=["last", "littered"])
        numbers = {row.instrument: row.last for row in rows}
        attempts.append(Attempt(book=book, numbers=numbers, settled=settled))
    return attempts if any(attempt.numbers for attempt in attempts) else []
