"""manage.py import_prices FILE: prices from a CSV with symbol, at, price, source, or of
daily closes with date and a column for each symbol."""

from __future__ import annotations

import zlib
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.display import plural
from kernel.errors import ProductError
from trades.domain.formats.dialect import LARGEST
from trades.management.commands.import_trades import explained, read
from trades.services.prices import import_prices

GZIP = b"\x1f\x8b"


class Command(BaseCommand):
    help = (
        "Import prices (columns symbol, at, price and maybe source and currency; or "
        "date and a column for each symbol). A file may be gzipped."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--zone", default="", help="for times without an offset")
        parser.add_argument(
            "--currency", default="", help="of plain symbols that name none"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        content = unpacked(read(options["file"]))
        try:
            count = import_prices(
                content, zone=options["zone"], currency=options["currency"].upper()
            )
        except ProductError as error:
            raise CommandError(explained(error), returncode=1) from None
        self.stdout.write(f"{plural(count, 'new price')}.")


def unpacked(content: bytes) -> bytes:
    """What a gzipped file holds, at most one byte more than is read of any."""
    if not content.startswith(GZIP):
        return content
    packed = zlib.decompressobj(wbits=31)
    try:
        plain = packed.decompress(content, LARGEST + 1)
    except zlib.error as error:
        raise CommandError(f"This is no gzip file: {error}.", returncode=1) from None
    if not packed.eof and len(plain) <= LARGEST:
        raise CommandError("This gzip file ends too early.", returncode=1)
    return plain
