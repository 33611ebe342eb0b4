"""What booking a file would do: read against the book, nothing written."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from accounts.models import User
from kernel.errors import FieldError, Forbidden, Invalid, TooLarge
from trades.domain.formats.dialect import LARGEST
from trades.domain.formats.parsed import (
    BrokenRow,
    Declared,
    Difference,
    NotAFile,
    ParsedFile,
)
from trades.domain.importing import read_file
from trades.domain.reading import is_id, zone_of
from trades.models import ORIGINAL, Book, Fill, Transfer
from trades.queries.books import book_named, is_meant, readable_books
from trades.queries.facts import IDS

SHOWN = 50


@dataclass(frozen=True, kw_only=True)
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


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What booking the file would do. `book` is None where it would be made."""

    source: Source
    parsed: ParsedFile
    book: Book | None
    base_currency: str
    new: int
    duplicates: int

    @property
    def book_name(self) -> str:
        return self.book.name if self.book else self.source.book

    @property
    def shown_broken(self) -> Sequence[BrokenRow]:
        return self.parsed.broken[:SHOWN]

    @property
    def bookable(self) -> bool:
        return not (self.parsed.broken or self.parsed.differences) and self.new > 0


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
        parsed = read_file(
            source.content,
            Declared(
                file_format=source.file_format,
                zone=zone_of(source.zone) if source.zone else None,
                base_currency=base,
            ),
            now=timezone.now(),
        )
    except NotAFile as error:
        wrong = TooLarge if len(source.content) > LARGEST else Invalid
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
    return Preview(
        source=source,
        parsed=parsed,
        book=book,
        base_currency=base,
        new=new,
        duplicates=known,
    )


def look_for(source: Source, by: User) -> Preview:
    """look(), for a person: the book must be theirs or not be there yet."""
    preview = look(source)
    may_write(preview.book, source.book, by)
    return preview


def check_size(size: int) -> None:
    """Raises TooLarge before anything of a file is read."""
    if size > LARGEST:
        raise TooLarge(
            f"The file has {size:,} bytes; at most {LARGEST:,} are read.",
            code="file",
            errors=[FieldError("/file", "size", "is too large")],
        )


def may_write(book: Book | None, text: str, by: User) -> None:
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


def broken_rows(rows: Sequence[BrokenRow]) -> Invalid:
    first = "; ".join(str(row) for row in rows[:3])
    more = f" (and {len(rows) - 3} more)" if len(rows) > 3 else ""
    return Invalid(
        f"{first}{more}. Nothing was booked.",
        code="broken_rows",
        errors=[
            FieldError(f"line {row.line}", "broken", row.reason) for row in rows[:SHOWN]
        ],
    )


def undecided(differences: Sequence[Difference]) -> Invalid:
    """A file that contradicts what would be booked, or says what is not known."""
    more = f" (and {len(differences) - 1} more)" if len(differences) > 1 else ""
    return Invalid(
        f"{differences[0]}{more}. Nothing was booked.",
        code="differences",
        errors=[
            FieldError(f"line {row.line}" if row.line else "/file", row.kind, row.what)
            for row in differences[:SHOWN]
        ],
    )


def _invalid(pointer: str, reason: str) -> Invalid:
    return Invalid(
        f"{reason}.", code="invalid", errors=[FieldError(pointer, "invalid", reason)]
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


def _check_books(source: Source, book: Book | None, parsed: ParsedFile) -> None:
    """Rows that name another book than the file's are broken."""
    name = book.name if book else source.book
    for fill in parsed.fills:
        same = is_meant(book, fill.book) if book else fill.book == name
        if fill.book and not same:
            reason = f"book: {fill.book[:40]!r} is not {name}"
            parsed.broken.append(BrokenRow(fill.line, reason))


def _count(book: Book | None, parsed: ParsedFile) -> tuple[int, int]:
    """(new, known) fills and transfers of the file."""
    total = len(parsed.fills) + len(parsed.transfers)
    if book is None:
        return total, 0
    known = 0
    for model, ids in (
        (Fill, [fill.external_id for fill in parsed.fills]),
        (Transfer, [transfer.external_id for transfer in parsed.transfers]),
    ):
        for start in range(0, len(ids), IDS):
            part = ids[start : start + IDS]
            originals = model._default_manager.filter(ORIGINAL, book=book)
            known += originals.filter(external_id__in=part).count()
    return total - known, known
