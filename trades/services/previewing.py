"""What booking a file would do: read against the book, nothing written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from django.utils import timezone

from accounts.models import User
from kernel.errors import FieldError, Forbidden, Invalid, TooLarge
from kernel.records import stored
from trades.domain.formats.dialect import LARGEST
from trades.domain.formats.parsed import (
    BrokenRow,
    Declared,
    NotAFile,
    ParsedFile,
    UnmappedColumns,
)
from trades.domain.importing import read_file
from trades.domain.reading import is_id, zone_of
from trades.models import Book
from trades.queries.books import book_named, readable_books
from trades.queries.news import booked_file, news_of
from trades.services.reports import (
    ImportReport,
    ReportDifference,
    ReportLine,
    report_columns,
    report_differences,
    report_of,
)
from trades.services.unbookable import set_clashes_aside, set_faults_aside

SHOWN = 50


@dataclass(frozen=True, kw_only=True)
class Source:
    """A file and where its rows shall go: `book` is an id or a name, of a book that
    is made when it is not there. `base` and `zone` may be empty: then the book's or
    the file's own count, and times must carry an offset. `mapping` leads from columns
    of the file to names of POST /api/trades."""

    content: bytes
    file_name: str
    book: str
    base: str = ""
    zone: str = ""
    file_format: str = ""
    encoding: str = ""
    decimal_comma: bool = False
    mapping: Mapping[str, str] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, kw_only=True)
class Consent:
    """What somebody agreed to: leaving broken rows out, booking what differs."""

    skip_broken: bool = False
    accept_differences: bool = False

    def check(self, report: ImportReport, seen: ImportReport | None = None) -> None:
        """Raises Invalid for what the file needs and nobody agreed to: with `seen`,
        what they looked at when they agreed, also for each difference that came up
        since."""
        if report.broken_count and not self.skip_broken:
            raise broken_rows(report.broken, report.broken_count)
        if report.differences and not self.accept_differences:
            raise _undecided(report.differences)
        if seen is not None:
            came_up = [row for row in report.differences if row not in seen.differences]
            if came_up:
                raise _undecided(came_up)


@dataclass(frozen=True, kw_only=True)
class Preview:
    """What booking the file would do. `book` is None where it would be made."""

    source: Source
    parsed: ParsedFile
    book: Book | None
    base_currency: str
    report: ImportReport

    @property
    def book_name(self) -> str:
        return self.book.name if self.book else self.source.book


def look(source: Source) -> Preview:
    """Read the file against the book. Writes nothing.

    Raises Invalid (TooLarge) for what is no such file, an unknown zone, columns that
    nobody named, or a base currency that cannot be told.
    """
    book = book_named(Book.objects.all(), source.book)
    if book is None and is_id(source.book):
        raise _no_such_book(source.book)
    base = _base(source, book)
    parsed = _read(source, base)
    base = base or parsed.quote
    set_faults_aside(parsed, book, source.book, base)
    if book is not None and booked_file(book, source.sha256) is None:
        set_clashes_aside(parsed, book)
    if not base and not parsed.broken:
        raise _invalid(
            "/base", "the file names several or no quote currencies: give the base"
        )
    news = news_of(book, parsed, source.sha256)
    report = report_of(parsed)
    return Preview(
        source=source,
        parsed=parsed,
        book=book,
        base_currency=base,
        report=replace(
            report,
            base_currency=base,
            makes_book=book is None,
            booked_before=news.booked_before,
            new=news.new,
            duplicates=news.known + parsed.duplicates,
            differences=[
                *report.differences,
                *report_differences(news.elsewhere),
            ],
        ),
    )


def _read(source: Source, base: str) -> ParsedFile:
    try:
        zone = zone_of(source.zone) if source.zone else None
    except ValueError as error:
        raise _invalid("/zone", str(error)) from None
    declared = Declared(
        file_format=source.file_format,
        zone=zone,
        encoding=source.encoding,
        decimal_comma=source.decimal_comma,
        mapping=source.mapping,
        base_currency=base,
    )
    try:
        return read_file(source.content, declared, now=timezone.now())
    except UnmappedColumns as error:
        raise Invalid(
            f"{source.file_name}: {error}.",
            code="columns",
            errors=[
                FieldError("/mapping", "required", f"no column is read as {name}")
                for name in error.missing
            ],
            extra={
                "columns": stored(report_columns(error.columns)),
                "missing": list(error.missing),
            },
        ) from None
    except NotAFile as error:
        wrong = TooLarge if len(source.content) > LARGEST else Invalid
        raise wrong(
            f"{source.file_name}: {error}.",
            code="file",
            errors=[FieldError("/file", "file", str(error))],
        ) from None


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


def broken_rows(rows: Sequence[BrokenRow | ReportLine], count: int = 0) -> Invalid:
    """The refusal that names the rows; `count` is how many there are in all."""
    count = count or len(rows)
    first = "; ".join(str(row) for row in rows[:3])
    more = f" (and {count - 3} more)" if count > 3 else ""
    return Invalid(
        f"{first}{more}. Nothing was booked.",
        code="broken_rows",
        errors=[
            FieldError(f"line {row.line}", "broken", row.reason) for row in rows[:SHOWN]
        ],
    )


def _undecided(differences: Sequence[ReportDifference]) -> Invalid:
    """A file that contradicts what would be booked, or says what is not known."""
    more = f" (and {len(differences) - 1} more)" if len(differences) > 1 else ""
    return Invalid(
        f"{differences[0]}{more}. Nothing was booked: accept the differences to book "
        "the file all the same.",
        code="differences",
        errors=[
            FieldError(f"line {row.line}" if row.line else "/file", row.kind, row.what)
            for row in differences[:SHOWN]
        ],
        extra={"differences": stored(differences)},
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
