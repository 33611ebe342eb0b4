"""Undoing a file: all its facts cease to count, corrected and voided ones too.

The rows stay and keep their history; they no longer count for uniqueness, so that
the file may be imported anew. Later facts that used its lots are matched again.
"""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from audit import services as audit
from kernel.cache import bump
from kernel.errors import Conflict
from kernel.numbers import text_or_none
from trades.models import (
    BatchEvent,
    Book,
    FactStatus,
    Fill,
    ImportBatch,
    Instrument,
    Transfer,
)
from trades.queries.assets import BookAssets
from trades.queries.facts import assets_of, touched
from trades.queries.profit import pair_pnl
from trades.services.amending import stated_reason
from trades.services.books import locked, moment
from trades.services.rematching import settle
from trades.services.staging import move, tag_of

State = ImportBatch.State


def undo(batch: ImportBatch, reason: str, by: User) -> BatchEvent:
    """Take a whole file out of its book.

    Raises Invalid without a reason, Conflict when the file is not booked (any more)
    or one of its facts waits to be matched again.
    """
    reason = stated_reason(reason)
    with transaction.atomic():
        move(batch, (State.BOOKED,), State.UNDONE)
        assert batch.book is not None, "a booked file has its book"
        book = locked(batch.book)
        now = moment(book)
        fills, transfers = _facts(batch)
        pairs = _pairs(book, fills, transfers)
        event = BatchEvent(batch=batch, reason=reason, author=by, recorded_at=now)
        event.pnl_before = pair_pnl(book, pairs, now)
        batch.statements.update(undone=True)
        if settle(book, fills=fills, transfers=transfers):
            event.pnl_after = pair_pnl(book, pairs, now)
        event.save()
        bump(f"book:{book.pk}", tag_of(batch))
        _say_undone(event, fills=len(fills), transfers=len(transfers))
    return event


def _facts(batch: ImportBatch) -> tuple[list[Fill], list[Transfer]]:
    """Every fact of the file, about to be undone."""
    fills = list(batch.fills.select_related("book", "instrument"))
    transfers = list(batch.transfers.select_related("book", "instrument"))
    for fact in (*fills, *transfers):
        if fact.becomes:
            raise Conflict(
                "A fact of this file is being matched again: try once more in a while.",
                code="rematching",
            )
        fact.becomes = FactStatus.UNDONE
    return fills, transfers


def _pairs(book: Book, fills: list[Fill], transfers: list[Transfer]) -> set[Instrument]:
    facts: list[Fill | Transfer] = [*fills, *transfers]
    assets = BookAssets(book).load(assets_of(facts))
    return {pair for fact in facts for pair in touched(fact, assets)}


def _say_undone(event: BatchEvent, *, fills: int, transfers: int) -> None:
    batch = event.batch
    audit.append(
        "trades.import.undone",
        actor=event.author.actor,
        object=f"import:{batch.pk}",
        data={
            "book": batch.book_name,
            "file": batch.file_name,
            "sha256": batch.sha256,
            "reason": event.reason,
            "fills": str(fills),
            "transfers": str(transfers),
            "pnl_before": text_or_none(event.pnl_before) or "",
            "pnl_after": text_or_none(event.pnl_after) or "",
        },
    )
