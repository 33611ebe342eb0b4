"""Booking fills, by the API: all of a call or none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from accounts.models import User
from audit import services as audit
from kernel.numbers import text
from trades.domain.facts import NewFill
from trades.models import Book, Fill
from trades.services.books import locked, writable_book
from trades.services.recording import Entries, Recording, group_object, record


@dataclass(frozen=True)
class BookedFills:
    """The fills of a call in its order; `new` says how many were not known."""

    fills: list[Fill]
    new: int


def book_fills(new: Sequence[NewFill], by: User) -> BookedFills:
    """Book fills in the person's own books, all or nothing.

    A known external id with the same content returns its fill; with other content
    the call is a Conflict naming each, and nothing is booked. Raises Invalid for an
    unknown book or a fee that eats the whole quantity.
    """
    places: dict[int, list[int]] = defaultdict(list)
    books: dict[int, Book] = {}
    for index, fill in enumerate(new):
        book = writable_book(fill.book, by, pointer(index, len(new), "book"))
        books[book.pk] = book
        places[book.pk].append(index)
    booked: dict[int, Fill] = {}
    fresh = 0
    with transaction.atomic():
        done = []
        for pk in sorted(books):
            book = locked(books[pk])
            entries = Entries(fills=[new[index] for index in places[pk]])
            pointers = [pointer(index, len(new)) for index in places[pk]]
            recorded = record(book, entries, pointers=pointers)
            booked.update(zip(places[pk], recorded.fills, strict=True))
            fresh += recorded.new["fills"]
            done.append((book, recorded))
        for book, recorded in done:
            if recorded.anything:
                _say_booked(book, recorded, by)
    return BookedFills([booked[index] for index in range(len(new))], fresh)


def _say_booked(book: Book, recorded: Recording, by: User) -> None:
    new = [fill for fill in recorded.fills if fill.recorded_at == recorded.recorded_at]
    first = new[0]
    audit.append(
        "trades.fill.booked",
        actor=by.actor,
        object=group_object(new),
        data={
            "book": book.name,
            "fills": str(recorded.new["fills"]),
            "external_id": first.external_id,
            "symbol": first.instrument.symbol,
            "side": first.side,
            "quantity": text(first.quantity),
            "price": text(first.price),
        },
    )


def pointer(index: int, count: int, name: str = "") -> str:
    where = f"/trades/{index}" if count > 1 else ""
    return f"{where}/{name}" if name else where
