"""Files into a book: looked at first, then booked whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from kernel.cache import bump
from kernel.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, TooLarge
from kernel.numbers import text
from trades.domain import importing
from trades.domain.facts import zone_of
from trades.domain.importing import Broken, NotAFile, Parsed
from trades.models import Book, Fill, ImportBatch, Transfer
from trades.queries.books import book_named, is_id, is_meant, readable_books
from trades.services.booking import (
    CHUNK,
    Entries,
    Recorded,
    locked,
    record,
    save_prices,
)
from trades.services.books import NewBook, create_book

SHOWN = 50


@dataclass(frozen=True)
class Source:
    """A file and where its rows shall go: `book` is an id or a name, of a book that
    is made when it is not there. `base` and `zone` may be empty: then the book's or
    the file's own count, and times must carry an offset."""

    content: bytes
    file_name: str
    book: str
    base: str = ""
    zone: str = ""
    file_format: str = ""

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True)
class Preview:
    """What booking the file would do. `book` is None where it would be made."""

    source: Source
    parsed: Parsed
    book: Book | None
    base_currency: str
    new: int
    duplicates: int

    @property
    def book_name(self) -> str:
        return self.book.name if self.book else self.source.book

    @property
    def shown_broken(self) -> Sequence[Broken]:
        return self.parsed.broken[:SHOWN]

    @property
    def bookable(self) -> bool:
        return not self.parsed.broken and self.new > 0


@dataclass(frozen=True)
class Imported:
    """What was done; `batch` is None when the file held nothing new."""

    preview: Preview
    book: Book
    created_book: bool
    recorded: Recorded
    batch: ImportBatch | None


def look(source: Source) -> Preview:
    """Read the file against the book. Writes nothing.

    Raises Invalid (TooLarge) for what is no such file, an unknown zone, or a base
    currency that cannot be told.
    """
    book = book_named(Book.objects.all(), source.book)
    if book is None and is_id(source.book):
        raise _no_such_book(source.book)
    base = _base(source, book)
    try:
        parsed = importing.read_file(
            source.content,
            now=timezone.now(),
            file_format=source.file_format,
            zone=zone_of(source.zone) if source.zone else None,
            base_currency=base,
        )
    except NotAFile as error:
        wrong = TooLarge if len(source.content) > importing.LARGEST else Invalid
        raise wrong(
            f"{source.file_name}: {error}.",
            code="file",
            errors=[FieldError("/file", "file", str(error))],
        ) from None
    except ValueError as error:
        raise _invalid("/zone", str(error)) from None
    _check_books(source, book, parsed)
    base = base or parsed.quote
    if not base and not parsed.broken:
        raise _invalid(
            "/base", "the file names several or no quote currencies: give the base"
        )
    new, known = _count(book, parsed)
    return Preview(source, parsed, book, base, new, known)


def import_file(source: Source, owner: User, by: User) -> Imported:
    """Book a file whole: book, facts, what follows and one event, or nothing.

    The book is made for `owner` where it does not exist. Raises Invalid with every
    broken line, Conflict where a known id has other content.
    """
    preview = look(source)
    if preview.parsed.broken:
        raise broken_rows(preview)
    with transaction.atomic():
        book = preview.book or create_book(
            NewBook(
                preview.book_name,
                preview.base_currency,
                zone=source.zone or "UTC",
                allow_short=preview.parsed.needs_shorts,
            ),
            owner,
            by,
        )
        book = locked(book)
        return _book(preview, book, by, None)


def check_size(size: int) -> None:
    """Raises TooLarge before anything of a file is read."""
    if size > importing.LARGEST:
        raise TooLarge(
            f"The file has {size:,} bytes; at most {importing.LARGEST:,} are read.",
            code="file",
            errors=[FieldError("/file", "size", "is too large")],
        )


def look_for(source: Source, by: User) -> Preview:
    """look(), for a person: the book must be theirs or not be there yet."""
    preview = look(source)
    _may_write(preview.book, source.book, by)
    return preview


def import_for(source: Source, by: User) -> Imported:
    """import_file() by a person into their own book, made when it is not there."""
    _may_write(book_named(Book.objects.all(), source.book), source.book, by)
    return import_file(source, by, by)


def stage(source: Source, by: User) -> ImportBatch:
    """Keep a file to be looked at and booked later. Raises like look()."""
    preview = look_for(source, by)
    return ImportBatch.objects.create(
        book=preview.book,
        book_name=preview.book_name,
        base_currency=preview.base_currency,
        zone=source.zone,
        file_name=source.file_name[:255],
        file_format=preview.parsed.file_format,
        sha256=source.sha256,
        bytes=len(source.content),
        staged=source.content,
        created_by=by,
        created_at=timezone.now(),
    )


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
        bytes(batch.staged or b""),
        batch.file_name,
        batch.book_name,
        batch.base_currency,
        batch.zone,
        batch.file_format,
    )


def book_staged(batch: ImportBatch, by: User) -> Imported:
    """Book a staged file; the staged bytes are forgotten.

    Raises Conflict when it was booked already, and like import_file.
    """
    if batch.staged is None:
        raise Conflict("This file was booked already.", code="booked")
    preview = preview_of(batch)
    _may_write(preview.book, batch.book_name, by)
    if preview.parsed.broken:
        raise broken_rows(preview)
    with transaction.atomic():
        book = preview.book or create_book(
            NewBook(
                preview.book_name,
                preview.base_currency,
                zone=batch.zone or "UTC",
                allow_short=preview.parsed.needs_shorts,
            ),
            by,
        )
        book = locked(book)
        return _book(preview, book, by, batch)


def import_prices(content: bytes, *, zone: str = "") -> int:
    """Store the prices of a CSV, all or none; returns how many are new.

    Raises Invalid with the broken lines, Conflict for another price of one moment.
    """
    try:
        declared = zone_of(zone) if zone else None
        rows = importing.read_prices(content, now=timezone.now(), zone=declared)
    except (NotAFile, ValueError) as error:
        raise _invalid("/file", str(error)) from None
    broken = [row for row in rows if isinstance(row, Broken)]
    if broken:
        raise _broken(broken)
    with transaction.atomic():
        count = save_prices(rows, timezone.now())
        if count:
            audit.append(
                "trades.price.imported",
                actor="system",
                object="prices:all",
                data={
                    "prices": str(count),
                    "sha256": hashlib.sha256(content).hexdigest(),
                },
            )
    return count


def broken_rows(preview: Preview) -> Invalid:
    return _broken(preview.parsed.broken)


def _broken(rows: Sequence[Broken]) -> Invalid:
    words = "; ".join(str(row) for row in rows[:3])
    more = f" (and {len(rows) - 3} more)" if len(rows) > 3 else ""
    return Invalid(
        f"{words}{more}. Nothing was booked.",
        code="broken_rows",
        errors=[
            FieldError(f"line {row.line}", "broken", row.reason) for row in rows[:SHOWN]
        ],
    )


def _invalid(pointer: str, words: str) -> Invalid:
    return Invalid(
        f"{words}.", code="invalid", errors=[FieldError(pointer, "invalid", words)]
    )


def _no_such_book(text: str) -> Invalid:
    return Invalid(
        f"No book of yours has the id {text[:40]}, and a new one needs a name.",
        code="book",
        errors=[FieldError("/book", "unknown", "is no book of yours")],
    )


def _base(source: Source, book: Book | None) -> str:
    given = source.base.strip().upper()
    if book is None:
        return given
    if given and given != book.base_currency:
        raise _invalid("/base", f"{book.name} is kept in {book.base_currency}")
    return book.base_currency


def _check_books(source: Source, book: Book | None, parsed: Parsed) -> None:
    """Rows that name another book than the file's are broken."""
    name = book.name if book else source.book
    for fill in parsed.fills:
        same = is_meant(book, fill.book) if book else fill.book == name
        if fill.book and not same:
            reason = f"book: {fill.book[:40]!r} is not {name}"
            parsed.broken.append(Broken(fill.line, reason))


def _may_write(book: Book | None, text: str, by: User) -> None:
    if book is None or book.owner_id == by.pk:
        return
    if readable_books(by).filter(pk=book.pk).exists():
        raise Forbidden("Only the owner writes in a book.", code="not_owner")
    if is_id(text):
        raise _no_such_book(text)
    raise Invalid(
        "That book name is taken.",
        code="name_taken",
        errors=[FieldError("/book", "unique", "is taken")],
    )


def _count(book: Book | None, parsed: Parsed) -> tuple[int, int]:
    """(new, known) fills and transfers of the file."""
    total = len(parsed.fills) + len(parsed.transfers)
    if book is None:
        return total, 0
    known = 0
    for model, ids in (
        (Fill, [one.external_id for one in parsed.fills]),
        (Transfer, [one.external_id for one in parsed.transfers]),
    ):
        for start in range(0, len(ids), CHUNK):
            part = ids[start : start + CHUNK]
            known += model._default_manager.filter(
                book=book, external_id__in=part
            ).count()
    return total - known, known


def _book(
    preview: Preview, book: Book, by: User, batch: ImportBatch | None
) -> Imported:
    parsed, source = preview.parsed, preview.source
    batch = batch or ImportBatch(
        book_name=book.name,
        base_currency=book.base_currency,
        zone=source.zone,
        file_name=source.file_name[:255],
        file_format=parsed.file_format,
        sha256=source.sha256,
        bytes=len(source.content),
        created_by=by,
        created_at=timezone.now(),
    )
    batch.book = book
    batch.state = ImportBatch.State.BOOKED
    batch.staged = None
    batch.booked_at = timezone.now()
    batch.rounded_rows = parsed.rounded_rows
    batch.largest_rounding = text(parsed.largest_rounding)
    batch.stated, batch.recomputed = parsed.stated, parsed.recomputed
    batch.save()
    entries = Entries(parsed.fills, parsed.transfers, (), parsed.balances)
    lines = [f"line {fill.line}" for fill in parsed.fills]
    recorded = record(book, entries, batch=batch, pointers=lines)
    created = preview.book is None
    batch.new = recorded.new["fills"] + recorded.new["transfers"]
    batch.duplicates = recorded.duplicates
    batch.save(update_fields=["new", "duplicates"])
    if not recorded.anything:
        batch.delete()
        return Imported(preview, book, created, recorded, None)
    bump(f"book:{book.pk}")
    audit.append(
        "trades.import.booked",
        actor=by.actor,
        object=f"import:{batch.pk}",
        data={
            "book": book.name,
            "file": source.file_name[:255],
            "sha256": source.sha256,
            "format": parsed.file_format,
            "fills": str(recorded.new["fills"]),
            "transfers": str(recorded.new["transfers"]),
            "duplicates": str(recorded.duplicates),
            "rounded_rows": str(parsed.rounded_rows),
            "largest_rounding": text(parsed.largest_rounding),
        },
    )
    return Imported(preview, book, created, recorded, batch)
