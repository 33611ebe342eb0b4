"""What the job does of an import: it reads the file, and books what was agreed to.

A run that died is done again from the state it left: reading changes nothing, and
each part that was booked says so in its own transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from uuid import UUID

from django.db import transaction

from kernel.cache import bump
from kernel.collecting import uncollected
from kernel.errors import Conflict, ProductError
from kernel.numbers import text
from kernel.records import stored
from trades.domain.facts import NewFill, NewTransfer
from trades.models import ImportBatch
from trades.queries.news import booked_file
from trades.services import undoing
from trades.services.books import locked
from trades.services.importing import book_of, book_part, finish, in_order
from trades.services.previewing import Preview, look, may_write
from trades.services.rehearsing import rehearsed
from trades.services.staging import (
    ask,
    consent_to,
    move,
    report_on,
    source_of,
    tag_of,
)

State = ImportBatch.State
# A file of so many facts is booked in one transaction; a larger one in parts, each of
# which holds the book's lock for about a second.
MOST_WHOLE = 100_000
PART = 10_000
MOST_RESUMED = 100
OUR_FAULT = (
    "An error of ours ended this import; nothing was booked. Send the file again, and "
    "tell the operators if it happens twice."
)


def _silent(done: int, total: int) -> None:
    """For whom nobody looks on."""


def run(batch_id: UUID) -> str:
    """Bring an import as far as it may go; one sentence for people."""
    batch = ImportBatch.objects.select_related("created_by").get(pk=batch_id)
    try:
        with uncollected():
            if batch.state in (State.QUEUED, State.READING):
                _read(batch)
            if batch.state == State.COMMITTING:
                _commit(batch)
            if batch.state == State.UNDOING:
                undoing.take_out(batch)
    except Exception:
        _give_up(batch)
        raise
    return f"{batch.file_name}: {batch.state}, {batch.new} new"


def resume() -> int:
    """Ask again for every import that is under way: one whose runs were lost would
    stand still for ever. A run that finds nothing to do is over at once."""
    under_way = ImportBatch.objects.filter(state__in=ImportBatch.WORKING)
    batches = list(under_way.order_by("created_at")[:MOST_RESUMED])
    for batch in batches:
        with transaction.atomic():
            ask(batch)
    return len(batches)


def _give_up(batch: ImportBatch) -> None:
    """After an error of ours: whoever waits is told, unless a part is booked. Then
    the import stays under way, and `resume` has the rest booked."""
    ImportBatch.objects.filter(
        pk=batch.pk, state__in=ImportBatch.IMPORTING, done=0
    ).update(state=State.FAILED, problem=OUR_FAULT)
    bump(tag_of(batch))


def _read(batch: ImportBatch) -> None:
    """Read the file; one that needs nobody's consent goes on to be booked."""
    by = batch.created_by
    move(batch, (State.QUEUED, State.READING), State.READING)
    try:
        preview = rehearsed(look(source_of(batch)), by, by)
        may_write(preview.book, batch.book_name, by)
    except ProductError as error:
        fail(batch, error)
        return
    try:
        consent_to(batch).check(preview.report)
    except ProductError as error:
        agreed, problem = False, error.detail
    else:
        agreed, problem = not batch.dry_run, ""
    state = State.COMMITTING if agreed else State.PREVIEW
    values = found_in(preview)
    if not batch.dry_run:
        values["problem"] = problem
    _unless_cancelled(batch, (State.READING,), state, **values)


def found_in(preview: Preview) -> dict[str, object]:
    """The columns of a batch that reading its file fills."""
    parsed = preview.parsed
    return {
        "book": preview.book,
        "base_currency": preview.base_currency,
        "file_format": parsed.file_format,
        "report": stored(preview.report),
        "done": 0,
        "total": len(parsed.fills) + len(parsed.transfers),
        "problem": "",
        "rounded_rows": parsed.rounded_rows,
        "largest_rounding": text(parsed.largest_rounding),
        "stated": parsed.stated,
        "recomputed": parsed.recomputed,
    }


def fail(batch: ImportBatch, error: ProductError) -> None:
    """Keep why a file cannot be read; columns without a name can be named later."""
    report: dict[str, object] = {"format": batch.file_format}
    if error.code == "columns":
        report.update(error.extra)
    _unless_cancelled(
        batch,
        (State.READING, State.COMMITTING),
        State.FAILED,
        problem=error.detail,
        report=report,
    )


def _unless_cancelled(
    batch: ImportBatch, origins: Sequence[str], state: str, **values: object
) -> None:
    try:
        move(batch, origins, state, **values)
    except Conflict:
        if batch.state != State.CANCELLED:
            raise


def _commit(batch: ImportBatch) -> None:
    """Book a file that was agreed to; what has changed since then is shown again."""
    preview = look(source_of(batch))
    try:
        may_write(preview.book, batch.book_name, batch.created_by)
        # Of one that was interrupted, part of the file is booked already.
        seen = None if batch.done else report_on(batch)
        consent_to(batch).check(preview.report, seen)
        book_parts(batch, preview)
    except ProductError as error:
        batch.refresh_from_db()
        if batch.done:
            raise
        move(
            batch,
            (State.COMMITTING,),
            State.PREVIEW,
            **{**found_in(preview), "problem": error.detail},
        )


def book_parts(
    batch: ImportBatch, preview: Preview, tell: Callable[[int, int], None] = _silent
) -> None:
    """Book the file from where the batch stands, whole where it is not too long.
    `tell` hears after each part how much of it is booked: done, total."""
    facts = in_order(preview.parsed)
    most = len(facts) if len(facts) <= MOST_WHOLE else PART
    while batch.state == State.COMMITTING:
        with transaction.atomic():
            _book_next(batch, preview, facts, most)
        bump(tag_of(batch))
        tell(batch.done, len(facts))


def _book_next(
    batch: ImportBatch,
    preview: Preview,
    facts: Sequence[NewFill | NewTransfer],
    most: int,
) -> None:
    """The next part, under the locks of the book and of the batch."""
    by = batch.created_by
    book = locked(batch.book) if batch.done and batch.book else None
    book = book or book_of(preview, by, by)
    batch.refresh_from_db(from_queryset=ImportBatch.objects.select_for_update())
    if batch.state != State.COMMITTING:
        return
    batch.book = book
    if booked_file(book, batch.sha256) is not None:
        batch.duplicates = batch.done = len(facts)
    else:
        book_part(batch, preview, facts, start=batch.done, most=most)
    if batch.done >= len(facts):
        finish(batch, by)
