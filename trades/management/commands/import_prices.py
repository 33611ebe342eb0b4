"""manage.py import_prices FILE: prices from a CSV with symbol, at, price, source."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.errors import ProductError
from trades.management.commands.import_trades import explained, read
from trades.services.prices import import_prices


class Command(BaseCommand):
    help = "Import prices (columns symbol, at, price and maybe source)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--zone", default="", help="for times without an offset")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = import_prices(read(options["file"]), zone=options["zone"])
        except ProductError as error:
            raise CommandError(explained(error), returncode=1) from None
        self.stdout.write(f"{count} new prices.")
