"""Undoing a file: all its facts cease to count, corrected and voided ones too.

The rows stay and keep their history; they no longer count for uniqueness, so that
the file may be imported anew. Later facts that used its lots are matched again.

A small file is undone in the request. A larger one is `undoing`: the job reads what
follows without a lock, until when it can be called back; then the facts wait, in one
short transaction, for the job that matches their pairs again and lets them go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Count, F, Max

from accounts.models import User
from audit import services as audit
from kernel.cache import bump
from kernel.errors import Conflict
from kernel.numbers import text_or_none
from operations.services import scheduler
from trades.models import (
    BatchEvent,
    Book,
    FactStatus,
    Fill,
    ImportBatch,
    Instrument,
    Transfer,
    Valuation,
)
from trades.models.amending import FactQuerySet
from trades.queries.assets import BookAssets
from trades.queries.facts import assets_of
from trades.queries.profit import pair_pnl
from trades.services.amending import stated_reason
from trades.services.books import locked, moment
from trades.services.rematching import earliest, settle
from trades.services.staging import MOST_AT_ONCE, ask, move, tag_of
from trades.services.waiting import disturb, postpone, too_many

State = ImportBatch.State
MOST_LOOKS = 5


@dataclass(frozen=True, kw_only=True)
class Leaving:
    """The facts of a file as they were read, the pairs that they leave since when,
    and what both were read from: `extent` of the facts, `assets` of the book."""

    fills: Sequence[Fill]
    transfers: Sequence[Transfer]
    pairs: Mapping[Instrument, datetime]
    assets: BookAssets
    extent: tuple[object, ...]

    def holds(self, batch: ImportBatch, book: Book) -> bool:
        """Whether all of it is still so."""
        same = _extent(batch) == self.extent
        return same and self.assets.says_as(BookAssets(book))


def undo(batch: ImportBatch, reason: str, by: User) -> BatchEvent | None:
    """Take a whole file out of its book; None where the job will.

    Raises Invalid without a reason, Conflict when the file is not booked (any more)
    or one of its facts waits to be matched again.
    """
    reason = stated_reason(reason)
    with transaction.atomic():
        move(batch, (State.BOOKED,), State.UNDOING, undo_reason=reason, done=0)
        if batch.new > MOST_AT_ONCE:
            ask(batch)
            return None
        assert batch.book is not None, "a booked file has its book"
        book = locked(batch.book)
        leaving = _look(batch)
        if _waits(batch):
            raise Conflict(
                "A fact of this file is being matched again: try once more in a while.",
                code="rematching",
            )
        return _leave(batch, book, leaving, by)


def call_back(batch: ImportBatch) -> None:
    """Leave a file booked that was to be undone. Raises Conflict once its facts are
    on their way out."""
    with transaction.atomic():
        batch.refresh_from_db(from_queryset=ImportBatch.objects.select_for_update())
        if BatchEvent.objects.filter(batch=batch).exists():
            raise Conflict(
                "The facts of this file are on their way out of the book by now.",
                code="state",
            )
        move(batch, (State.UNDOING,), State.BOOKED, undo_reason="", done=batch.total)


def take_out(batch: ImportBatch) -> None:
    """The job's part, without a lock but for its last step. A file of which a fact
    waits to be matched again, or that keeps changing, is tried again later."""
    assert batch.book is not None
    for _ in range(MOST_LOOKS):
        if BatchEvent.objects.filter(batch=batch).exists():
            return
        leaving = _look(batch)
        with transaction.atomic():
            book = locked(batch.book)
            batch.refresh_from_db(from_queryset=ImportBatch.objects.select_for_update())
            if batch.state != State.UNDOING or _waits(batch):
                return
            if leaving.holds(batch, book):
                _leave(batch, book, leaving, batch.created_by)
                return


def _look(batch: ImportBatch) -> Leaving:
    assert batch.book is not None
    extent = _extent(batch)
    fills = list(batch.fills.select_related("book", "instrument"))
    transfers = list(batch.transfers.select_related("book", "instrument"))
    facts: list[Fill | Transfer] = [*fills, *transfers]
    for fact in facts:
        fact.becomes = FactStatus.UNDONE
    assets = BookAssets(batch.book).load(assets_of(facts))
    pairs = earliest(facts, {}, assets)
    return Leaving(
        fills=fills, transfers=transfers, pairs=pairs, assets=assets, extent=extent
    )


def _extent(batch: ImportBatch) -> tuple[object, ...]:
    """What a correction or void of one of its facts would change, or another worth."""
    fills, transfers = _rows(batch)
    worths = Valuation.objects.filter(fill__batch=batch)
    counts = [
        *(rows.aggregate(Count("pk"), Max("pk")) for rows in (fills, transfers)),
        *(rows.standing().aggregate(Count("pk")) for rows in (fills, transfers)),
        worths.aggregate(Max("pk")),
    ]
    return tuple(value for row in counts for value in row.values())


def _rows(batch: ImportBatch) -> tuple[FactQuerySet[Fill], FactQuerySet[Transfer]]:
    return Fill.objects.filter(batch=batch), Transfer.objects.filter(batch=batch)


def _waits(batch: ImportBatch) -> bool:
    return any(rows.waiting().exists() for rows in _rows(batch))


def _leave(batch: ImportBatch, book: Book, leaving: Leaving, by: User) -> BatchEvent:
    """Under the locks of book and batch: the facts cease to count, or wait for it."""
    now = moment(book)
    event = BatchEvent(
        batch=batch, reason=batch.undo_reason, author=by, recorded_at=now
    )
    event.pnl_before = pair_pnl(book, leaving.pairs, now)
    batch.statements.update(undone=True)
    if leaving.pairs and too_many(book, leaving.pairs):
        _wait(batch, book, leaving)
    elif settle(book, fills=leaving.fills, transfers=leaving.transfers):
        event.pnl_after = pair_pnl(book, leaving.pairs, now)
        move(batch, (State.UNDOING,), State.UNDONE, done=F("total"))
    event.save()
    bump(tag_of(batch))
    _say_undone(event, fills=len(leaving.fills), transfers=len(leaving.transfers))
    return event


def _wait(batch: ImportBatch, book: Book, leaving: Leaving) -> None:
    """As `settle` lets facts wait, in two statements however many they are."""
    for rows in _rows(batch):
        rows.update(becomes=FactStatus.UNDONE)
    postpone(book, leaving.pairs)
    disturb(book, leaving.pairs)
    scheduler.request_following("book", str(book.pk))


def on_its_way(book: Book, written: int, of: int) -> None:
    """Tell who looks on how much of a book's pairs is written anew."""
    for batch in _waiting_in(book):
        done = batch.total * written // max(of, 1)
        ImportBatch.objects.filter(pk=batch.pk).update(done=done)
        bump(tag_of(batch))


def are_out(events: Sequence[BatchEvent]) -> None:
    """The facts of these files count no more."""
    for event in events:
        move(event.batch, (State.UNDOING,), State.UNDONE, done=F("total"))


def _waiting_in(book: Book) -> list[ImportBatch]:
    rows = ImportBatch.objects.filter(
        book=book, state=State.UNDOING, undoing__isnull=False
    )
    return list(rows.defer("report"))


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
