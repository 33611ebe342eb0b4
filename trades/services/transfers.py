"""Booking movements of cash and instruments."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from accounts.models import User
from audit import services as audit
from kernel.numbers import text
from trades.domain.facts import NewTransfer
from trades.models import Transfer
from trades.services.books import locked, writable_book
from trades.services.fills import pointer
from trades.services.recording import Entries, record


def book_transfers(new: Sequence[NewTransfer], by: User) -> tuple[list[Transfer], int]:
    """Book transfers of one book (that of the first). Returns them and how many are
    new. Raises like book_fills."""
    book = writable_book(new[0].book, by)
    pointers = [pointer(index, len(new)) for index in range(len(new))]
    with transaction.atomic():
        book = locked(book)
        recorded = record(book, Entries(transfers=new), pointers=pointers)
        if recorded.anything:
            audit.append(
                "trades.transfer.booked",
                actor=by.actor,
                object=f"book:{book.pk}",
                data={
                    "book": book.name,
                    "transfers": str(recorded.new["transfers"]),
                    "first": recorded.transfers[0].external_id,
                    "asset": recorded.transfers[0].asset,
                    "amount": text(recorded.transfers[0].amount),
                },
            )
    return recorded.transfers, recorded.new["transfers"]
