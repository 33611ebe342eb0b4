"""Files into a book: looked at first, then booked whole or not at all."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from kernel.cache import bump
from kernel.numbers import text
from trades.models import Book, ImportBatch
from trades.queries.books import book_named
from trades.services.books import NewBook, create_book, locked
from trades.services.previewing import (
    Preview,
    Source,
    broken_rows,
    look,
    may_write,
    undecided,
)
from trades.services.recording import Entries, Recording, record


@dataclass(frozen=True, kw_only=True)
class ImportResult:
    """What was done; `batch` is None when the file held nothing new."""

    preview: Preview
    book: Book
    created_book: bool
    recorded: Recording
    batch: ImportBatch | None


def import_file(source: Source, owner: User, by: User) -> ImportResult:
    """Book a file whole: book, facts, what follows and one event, or nothing.

    The book is made for `owner` where it does not exist. Raises Invalid with every
    broken line, Conflict where a known id has other content.
    """
    preview = look(source)
    if preview.parsed.broken:
        raise broken_rows(preview.parsed.broken)
    if preview.parsed.differences:
        raise undecided(preview.parsed.differences)
    with transaction.atomic():
        return book_file(preview, book_of(preview, owner, by), by)


def import_for(source: Source, by: User) -> ImportResult:
    """import_file() by a person into their own book, made when it is not there."""
    may_write(book_named(Book.objects.all(), source.book), source.book, by)
    return import_file(source, by, by)


def book_of(preview: Preview, owner: User, by: User) -> Book:
    """The locked book of a file, made for `owner` where it does not exist."""
    book = preview.book or create_book(
        NewBook(
            preview.book_name,
            preview.base_currency,
            zone=preview.source.zone or "UTC",
            allow_short=preview.parsed.needs_shorts,
        ),
        owner,
        by,
    )
    return locked(book)


def book_file(
    preview: Preview, book: Book, by: User, batch: ImportBatch | None = None
) -> ImportResult:
    """Book what was looked at into the locked book, in the caller's transaction; the
    batch of a staged file becomes the import."""
    parsed = preview.parsed
    batch = batch or new_batch(preview, by)
    batch.book = book
    batch.state = ImportBatch.State.BOOKED
    batch.staged = None
    batch.booked_at = timezone.now()
    batch.rounded_rows = parsed.rounded_rows
    batch.largest_rounding = text(parsed.largest_rounding)
    batch.stated, batch.recomputed = parsed.stated, parsed.recomputed
    batch.save()
    entries = Entries(
        fills=parsed.fills, transfers=parsed.transfers, balances=parsed.balances
    )
    lines = [f"line {fill.line}" for fill in parsed.fills]
    recorded = record(book, entries, batch=batch, pointers=lines)
    created = preview.book is None
    batch.new = recorded.new["fills"] + recorded.new["transfers"]
    batch.duplicates = recorded.duplicates
    batch.save(update_fields=["new", "duplicates"])
    result = ImportResult(
        preview=preview,
        book=book,
        created_book=created,
        recorded=recorded,
        batch=batch,
    )
    if not recorded.anything:
        batch.delete()
        return replace(result, batch=None)
    bump(f"book:{book.pk}")
    _say_imported(result, batch, by)
    return result


def new_batch(preview: Preview, by: User) -> ImportBatch:
    """The unsaved batch of a file that was looked at."""
    source = preview.source
    return ImportBatch(
        book=preview.book,
        book_name=preview.book_name,
        base_currency=preview.base_currency,
        zone=source.zone,
        file_name=source.file_name[:255],
        file_format=preview.parsed.file_format,
        sha256=source.sha256,
        bytes=len(source.content),
        created_by=by,
        created_at=timezone.now(),
    )


def _say_imported(result: ImportResult, batch: ImportBatch, by: User) -> None:
    recorded, parsed = result.recorded, result.preview.parsed
    audit.append(
        "trades.import.booked",
        actor=by.actor,
        object=f"import:{batch.pk}",
        data={
            "book": result.book.name,
            "file": batch.file_name,
            "sha256": batch.sha256,
            "format": parsed.file_format,
            "fills": str(recorded.new["fills"]),
            "transfers": str(recorded.new["transfers"]),
            "duplicates": str(recorded.duplicates),
            "rounded_rows": str(parsed.rounded_rows),
            "largest_rounding": batch.largest_rounding,
        },
    )
