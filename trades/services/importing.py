"""Files into a book: looked at first, then booked whole or not at all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from kernel.numbers import text
from kernel.records import stored
from trades.domain.facts import NewFill, NewTransfer
from trades.domain.formats.parsed import ParsedFile
from trades.models import Book, ImportBatch
from trades.queries.books import book_named
from trades.queries.news import booked_file
from trades.services.books import NewBook, create_book, locked
from trades.services.previewing import Consent, Preview, Source, look, may_write
from trades.services.recording import Entries, record
from trades.services.reports import place_of

NO_CONSENT = Consent()


@dataclass(frozen=True, kw_only=True)
class ImportResult:
    """What was done; `batch` is None when the file held nothing new."""

    preview: Preview
    book: Book
    created_book: bool
    fills: int
    transfers: int
    duplicates: int
    batch: ImportBatch | None

    @property
    def new(self) -> int:
        return self.fills + self.transfers


def import_file(
    source: Source, owner: User, by: User, consent: Consent = NO_CONSENT
) -> ImportResult:
    """Book a file whole: book, facts, what follows and one event, or nothing.

    The book is made for `owner` where it does not exist. Raises Invalid with every
    broken line or difference that nobody agreed to, Conflict where a known id has
    other content.
    """
    preview = look(source)
    consent.check(preview.report)
    return book_preview(preview, owner, by)


def import_for(source: Source, by: User, consent: Consent = NO_CONSENT) -> ImportResult:
    """import_file() by a person into their own book, made when it is not there."""
    may_write(book_named(Book.objects.all(), source.book), source.book, by)
    return import_file(source, by, by, consent)


def book_preview(preview: Preview, owner: User, by: User) -> ImportResult:
    """Book what was looked at, in one transaction; the lock is held throughout."""
    facts = in_order(preview.parsed)
    with transaction.atomic():
        book = book_of(preview, owner, by)
        batch = new_batch(preview, by)
        batch.book = book
        if booked_file(book, batch.sha256) is None:
            batch.save(force_insert=True)
            book_part(batch, preview, facts, start=0, most=len(facts))
            finish(batch, by)
        else:
            batch.duplicates = len(facts)
        result = ImportResult(
            preview=preview,
            book=book,
            created_book=preview.book is None,
            fills=batch.fills.count(),
            transfers=batch.transfers.count(),
            duplicates=batch.duplicates + preview.parsed.duplicates,
            batch=batch if batch.new else None,
        )
        if not batch.new and batch.state == ImportBatch.State.BOOKED:
            batch.delete()
    return result


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


def in_order(parsed: ParsedFile) -> list[NewFill | NewTransfer]:
    """Fills and transfers in their common order: parts of it are booked in turn."""
    facts: list[NewFill | NewTransfer] = [*parsed.fills, *parsed.transfers]
    return sorted(facts, key=place_of)


def book_part(
    batch: ImportBatch,
    preview: Preview,
    facts: Sequence[NewFill | NewTransfer],
    *,
    start: int,
    most: int,
) -> None:
    """Book `most` facts of the file from `start` on, and its statements with the
    last, in the caller's transaction; the batch counts them, so that who comes next
    starts behind them."""
    part = facts[start : start + most]
    fills = [fact for fact in part if isinstance(fact, NewFill)]
    whole = start + len(part) == len(facts)
    assert batch.book is not None
    recorded = record(
        batch.book,
        Entries(
            fills=fills,
            transfers=[fact for fact in part if isinstance(fact, NewTransfer)],
            balances=preview.parsed.balances if whole else (),
        ),
        batch=batch,
        pointers=[f"line {fill.line}" for fill in fills],
    )
    batch.done, batch.total = start + len(part), len(facts)
    batch.new += sum(recorded.new.values())
    batch.duplicates += recorded.duplicates
    batch.save()


def finish(batch: ImportBatch, by: User) -> None:
    """The batch as booked, with its one event; its bytes are forgotten."""
    batch.state, batch.booked_at = ImportBatch.State.BOOKED, timezone.now()
    batch.save()
    batch.parts.all().delete()
    if batch.new:
        _say_imported(batch, by)


def new_batch(preview: Preview, by: User) -> ImportBatch:
    """The unsaved batch of a file that was looked at."""
    source, parsed = preview.source, preview.parsed
    return ImportBatch(
        book=preview.book,
        book_name=preview.book_name,
        base_currency=preview.base_currency,
        zone=source.zone,
        file_name=source.file_name[:255],
        file_format=parsed.file_format,
        sha256=source.sha256,
        bytes=len(source.content),
        report=stored(preview.report),
        total=len(parsed.fills) + len(parsed.transfers),
        rounded_rows=parsed.rounded_rows,
        largest_rounding=text(parsed.largest_rounding),
        stated=parsed.stated,
        recomputed=parsed.recomputed,
        created_by=by,
        created_at=timezone.now(),
    )


def _say_imported(batch: ImportBatch, by: User) -> None:
    audit.append(
        "trades.import.booked",
        actor=by.actor,
        object=f"import:{batch.pk}",
        data={
            "book": batch.book_name,
            "file": batch.file_name,
            "sha256": batch.sha256,
            "format": batch.file_format,
            "fills": str(batch.fills.count()),
            "transfers": str(batch.transfers.count()),
            "duplicates": str(batch.duplicates),
            "rounded_rows": str(batch.rounded_rows),
            "largest_rounding": batch.largest_rounding,
        },
    )
