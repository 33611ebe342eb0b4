"""manage.py import_trades FILE --book B: a file of trades into a book, whole or not."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from kernel.display import plural
from kernel.errors import ProductError
from kernel.numbers import text
from trades.domain.formats.dialect import LARGEST
from trades.domain.importing import FORMATS
from trades.services.importing import ImportResult
from trades.services.imports import import_in_parts
from trades.services.previewing import SHOWN, Consent, Preview, Source, look


class Command(BaseCommand):
    help = "Import trades of our own CSV or of any known format, whole or in parts."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--book", required=True, help="made when it is not there")
        parser.add_argument("--owner", default="", help="of a new book (demo: trader)")
        parser.add_argument("--base", default="", help="base currency of a new book")
        parser.add_argument("--zone", default="", help="for times without an offset")
        parser.add_argument("--format", default="", choices=("", *FORMATS))
        parser.add_argument("--skip-broken", action="store_true", help="book the rest")
        parser.add_argument(
            "--accept-differences", action="store_true", help="book what differs too"
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what")

    def handle(self, *args: Any, **options: Any) -> None:
        source = Source(
            content=read(options["file"]),
            file_name=options["file"].name,
            book=options["book"],
            base=options["base"],
            zone=options["zone"],
            file_format=options["format"],
        )
        try:
            if options["dry_run"]:
                self._say(look(source))
                self.stdout.write("Nothing was booked (--dry-run).")
                return
            owner = self._owner(options["owner"])
            progress(f"reading {options['file'].name}")
            consent = Consent(
                skip_broken=options["skip_broken"],
                accept_differences=options["accept_differences"],
            )
            imported = import_in_parts(source, owner, consent, booking)
        except ProductError as error:
            raise CommandError(explained(error), returncode=1) from None
        self._done(imported)

    def _owner(self, name: str) -> User:
        wanted = name or ("trader" if settings.RRR_ENV == "demo" else "")
        if not wanted:
            raise CommandError("Say whose book it is: --owner USERNAME.", returncode=2)
        owner = User.objects.filter(username=wanted).first()
        if owner is None:
            raise CommandError(
                f"There is nobody named {wanted!r}: give --owner.", returncode=2
            )
        return owner

    def _say(self, preview: Preview) -> None:
        report, write = preview.report, self.stdout.write
        write(
            f"{report.format}: {plural(report.fills, 'fill')}, "
            f"{plural(report.transfers, 'transfer')}; {report.new} new, "
            f"{report.duplicates} known, {report.broken_count} broken, "
            f"{report.skipped_count} left out"
        )
        for row in (*report.broken[:SHOWN], *report.skipped[:SHOWN]):
            write(f"  {row}")
        for difference in report.differences[:SHOWN]:
            write(f"  differs: {difference}")
        for note in report.notes:
            write(f"  {note}")
        if report.rounded_rows:
            write(
                f"  rounded to 18 decimals: {plural(report.rounded_rows, 'row')}, "
                f"largest error {text(report.largest_rounding)}"
            )
        for name, value in report.stated.items():
            write(f"  stated {name}: {value}")
        for name, value in report.recomputed.items():
            write(f"  recomputed {name}: {value}")

    def _done(self, imported: ImportResult) -> None:
        progress("")
        book = imported.book
        self._say(imported.preview)
        if imported.created_book:
            self.stdout.write(
                f"Made the book {book.name} in {book.base_currency} "
                f"for {book.owner.username}."
            )
        self.stdout.write(
            f"Booked {plural(imported.fills, 'fill')} and "
            f"{plural(imported.transfers, 'transfer')} in "
            f"{book.name}; known already: {imported.duplicates:,}."
        )


def read(path: Path) -> bytes:
    """The file's bytes, not more than can be imported. Raises CommandError."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)
            size = path.stat().st_size
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}.", returncode=1) from None
    if size > LARGEST:
        raise CommandError(
            f"{path.name} has {size:,} bytes; at most {LARGEST:,} are read. "
            "Nothing was booked: split it.",
            returncode=1,
        )
    return content


def explained(error: ProductError) -> str:
    """The error with its lines, one each."""
    lines = [error.detail]
    lines += [f"  {fault.pointer}: {fault.detail}" for fault in error.errors[3:]]
    return "\n".join(lines)


def booking(done: int, total: int) -> None:
    progress(f"booked {done:,} of {total:,} ({done / total:.0%})" if total else "")


def progress(step: str) -> None:
    """One line on a terminal that the next one overwrites; silence elsewhere."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{step}")
        sys.stderr.flush()
