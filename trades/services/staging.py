"""Files that a person looks at before they are booked."""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from accounts.models import User
from kernel.errors import Conflict, NotFound
from trades.models import ImportBatch
from trades.services.importing import (
    ImportResult,
    book_file,
    book_of,
    new_batch,
)
from trades.services.previewing import (
    Preview,
    Source,
    broken_rows,
    look,
    look_for,
    may_write,
    undecided,
)


def stage(source: Source, by: User) -> ImportBatch:
    """Keep a file to be looked at and booked later. Raises like look()."""
    preview = look_for(source, by)
    batch = new_batch(preview, by)
    batch.staged = source.content
    batch.save()
    return batch


def staged(batch_id: UUID, by: User) -> ImportBatch:
    """The person's own batch. Raises NotFound for any other."""
    batch = ImportBatch.objects.filter(pk=batch_id, created_by=by).first()
    if batch is None:
        raise NotFound("There is no such import of yours.", code="import")
    return batch


def preview_of(batch: ImportBatch) -> Preview:
    """Look at a staged file again: what it would do as of now."""
    return look(source_of(batch))


def source_of(batch: ImportBatch) -> Source:
    return Source(
        content=bytes(batch.staged or b""),
        file_name=batch.file_name,
        book=batch.book_name,
        base=batch.base_currency,
        zone=batch.zone,
        file_format=batch.file_format,
    )


def book_staged(batch: ImportBatch, by: User) -> ImportResult:
    """Book a staged file; the staged bytes are forgotten.

    Raises Conflict when it was booked already, and like import_file.
    """
    if batch.staged is None:
        raise Conflict("This file was booked already.", code="booked")
    preview = preview_of(batch)
    may_write(preview.book, batch.book_name, by)
    if preview.parsed.broken:
        raise broken_rows(preview.parsed.broken)
    if preview.parsed.differences:
        raise undecided(preview.parsed.differences)
    with transaction.atomic():
        return book_file(preview, book_of(preview, by, by), by, batch)
