"""What booking a file would make of its book: booked, looked at, and taken back.

The very steps of booking, so that a preview cannot say anything else. They hold the
book's lock, hence only for files that are booked in well under a second.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from django.db import transaction

from accounts.models import User
from kernel.numbers import ZERO, rounded
from trades.models import Book, Position
from trades.queries.imports import waiting_of
from trades.services.importing import book_of, book_part, in_order, new_batch
from trades.services.previewing import Preview
from trades.services.reports import MOST_SYMBOLS, ReportPosition

MOST_REHEARSED = 2000


@dataclass(frozen=True)
class Held:
    """What a book holds of a symbol, and the amount that it was bought (sold) for."""

    quantity: Decimal = ZERO
    amount: Decimal = ZERO


def rehearsed(preview: Preview, owner: User, by: User) -> Preview:
    """The preview with the positions that result, and what has to wait. Leaves nothing behind. Raises
    Conflict where an id was booked with other content since the file was read."""
    report, facts = preview.report, in_order(preview.parsed)
    if report.booked_before or not 0 < len(facts) <= MOST_REHEARSED:
        return preview
    before = _held(preview.book) if preview.book else {}
    with transaction.atomic():
        book = book_of(preview, owner, by)
        batch = new_batch(preview, by)
        batch.book = book
        batch.save(force_insert=True)
        book_part(batch, preview, facts, start=0, most=len(facts))
        after, waiting = _held(book), waiting_of(batch)
        transaction.set_rollback(True)
    report = replace(report, positions=_moved(before, after), waiting=waiting)
    return replace(preview, report=report)


def _held(book: Book) -> dict[str, Held]:
    held: dict[str, Held] = {}
    rows = Position.objects.filter(book=book)
    for symbol, quantity, amount in rows.values_list(
        "instrument__symbol", "quantity", "amount"
    ):
        known = held.get(symbol, Held())
        held[symbol] = Held(known.quantity + quantity, known.amount + amount)
    return held


def _moved(before: dict[str, Held], after: dict[str, Held]) -> list[ReportPosition]:
    """The positions that the file changes, by symbol."""
    return [
        ReportPosition(
            symbol=symbol,
            before=before.get(symbol, Held()).quantity,
            after=after.get(symbol, Held()).quantity,
            entry_price=_entry_price(after.get(symbol, Held())),
        )
        for symbol in sorted({*before, *after})
        if before.get(symbol) != after.get(symbol)
    ][:MOST_SYMBOLS]


def _entry_price(held: Held) -> Decimal | None:
    return rounded(held.amount / abs(held.quantity)) if held.quantity else None
