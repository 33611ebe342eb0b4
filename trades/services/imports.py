"""What a person does with a file: hand it in, name its columns, book it, give it up.

Small files are read and booked in the request, others by the job `trades-import`;
both stand in the same rows and pass the same states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from django.db import transaction

from accounts.models import User
from kernel.collecting import uncollected
from kernel.errors import Conflict, Invalid
from trades.models import Book, ImportBatch
from trades.queries.books import book_named
from trades.services.import_runs import MOST_WHOLE, book_parts, found_in
from trades.services.importing import ImportResult, book_preview, new_batch
from trades.services.previewing import Consent, Preview, Source, look, may_write
from trades.services.rehearsing import rehearsed
from trades.services.staging import (
    MOST_AT_ONCE,
    SMALL_BYTES,
    ask,
    declared_batch,
    declared_of,
    keep,
    move,
    report_on,
    source_of,
)
from trades.services.undoing import call_back

State = ImportBatch.State


def submit(
    source: Source,
    chunks: Iterable[bytes],
    by: User,
    consent: Consent,
    *,
    dry_run: bool,
) -> ImportBatch:
    """Keep a file for the job and ask for it; the source has no content yet.

    Raises like may_write().
    """
    may_write(book_named(Book.objects.all(), source.book), source.book, by)
    batch = declared_batch(source, by)
    batch.dry_run = dry_run
    batch.skip_broken = consent.skip_broken
    batch.accept_differences = consent.accept_differences
    with transaction.atomic():
        batch.save(force_insert=True)
        keep(batch, chunks)
        ask(batch)
    return batch


def look_for(source: Source, by: User) -> Preview:
    """What booking the file would do, for a person: the book must be theirs or not be
    there yet. Leaves nothing behind."""
    may_write(book_named(Book.objects.all(), source.book), source.book, by)
    return rehearsed(look(source), by, by)


def stage(source: Source, by: User) -> ImportBatch:
    """Read a small file and keep it as a preview; one whose columns nobody named is
    kept too, to have them named. Raises like look_for()."""
    try:
        batch = new_batch(look_for(source, by), by)
        batch.state = State.PREVIEW
    except Invalid as error:
        if error.code != "columns":
            raise
        batch = declared_batch(source, by)
        batch.state, batch.problem = State.FAILED, error.detail
        batch.report = {"format": "own", **error.extra}
    batch.declared = declared_of(source)
    with transaction.atomic():
        batch.save(force_insert=True)
        keep(batch, [source.content])
    return batch


def name_columns(batch: ImportBatch, mapping: Mapping[str, str], by: User) -> None:
    """Read the file again with its columns named (theirs -> ours).

    Raises Invalid like look(), Conflict once it is being booked.
    """
    if batch.state not in (State.FAILED, State.PREVIEW):
        raise Conflict("This file is not waiting for its columns.", code="state")
    declared = {**batch.declared, "mapping": dict(mapping)}
    origins = (State.FAILED, State.PREVIEW)
    if batch.bytes > SMALL_BYTES:
        with transaction.atomic():
            move(batch, origins, State.QUEUED, declared=declared, problem="")
            ask(batch)
        return
    preview = look_for(replace(source_of(batch), mapping=mapping), by)
    move(batch, origins, State.PREVIEW, declared=declared, **found_in(preview))


def commit(batch: ImportBatch, by: User, consent: Consent) -> None:
    """Book a preview: a small one now, a larger one by the job.

    Raises Invalid for what nobody agreed to, Conflict when it is no preview (any
    more) or a known id has other content.
    """
    if batch.state != State.PREVIEW:
        raise Conflict(f"This import is {batch.state}, no preview.", code="state")
    consent.check(report_on(batch))
    if batch.total > MOST_AT_ONCE:
        with transaction.atomic():
            _agree(batch, consent)
            ask(batch)
        return
    preview = None
    try:
        with transaction.atomic():
            seen = report_on(batch)
            _agree(batch, consent)
            preview = look(source_of(batch))
            may_write(preview.book, batch.book_name, by)
            consent.check(preview.report, seen)
            book_parts(batch, preview)
    except Invalid:
        if preview is not None:  # its page shows what has come up since
            move(batch, (State.PREVIEW,), State.PREVIEW, **found_in(preview))
        raise


def _agree(batch: ImportBatch, consent: Consent) -> None:
    move(
        batch,
        (State.PREVIEW,),
        State.COMMITTING,
        problem="",
        dry_run=False,
        skip_broken=consent.skip_broken,
        accept_differences=consent.accept_differences,
    )


def import_in_parts(
    source: Source, by: User, consent: Consent, tell: Callable[[int, int], None]
) -> ImportResult:
    """import_file() for who waits at a terminal: `tell` hears how much is booked
    (done, total), and a file too long for one transaction is booked in parts, as by
    the job, which ends what is interrupted here."""
    with uncollected():
        return _import_in_parts(source, by, consent, tell)


def _import_in_parts(
    source: Source, by: User, consent: Consent, tell: Callable[[int, int], None]
) -> ImportResult:
    preview = look(source)
    consent.check(preview.report)
    report = preview.report
    total = report.fills + report.transfers
    tell(0, total)
    if total <= MOST_WHOLE or report.booked_before:
        return book_preview(preview, by, by)
    batch = new_batch(preview, by)
    batch.state, batch.dry_run = State.COMMITTING, False
    batch.declared = declared_of(source)
    batch.skip_broken = consent.skip_broken
    batch.accept_differences = consent.accept_differences
    with transaction.atomic():
        batch.save(force_insert=True)
        keep(batch, [source.content])
    book_parts(batch, preview, tell)
    assert batch.book is not None
    return ImportResult(
        preview=preview,
        book=batch.book,
        created_book=preview.book is None,
        fills=batch.fills.count(),
        transfers=batch.transfers.count(),
        duplicates=batch.duplicates + preview.parsed.duplicates,
        batch=batch,
    )


def cancel(batch: ImportBatch) -> None:
    """Give up a file before anything of it is booked, or its undoing before anything
    of it is out. Raises Conflict after that."""
    if batch.state == State.UNDOING:
        call_back(batch)
        return
    with transaction.atomic():
        move(batch, (*ImportBatch.UNBOOKED, State.FAILED), State.CANCELLED)
        batch.parts.all().delete()
