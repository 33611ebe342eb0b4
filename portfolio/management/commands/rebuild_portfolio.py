"""`manage.py rebuild_portfolio [--check]`: derive lots and positions from the facts."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from kernel.display import plural
from portfolio.queries.books import every_book
from portfolio.services import equity
from trades.services import rebuilding

SHOWN = 20


class Command(BaseCommand):
    help = "Derive lots, matches, positions and balances again; --check only compares."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--check", action="store_true", help="compare, change nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        books = every_book()
        wrong = 0
        for number, book in enumerate(books, 1):
            differences = rebuilding.differences(book)
            wrong += len(differences)
            for difference in differences[:SHOWN]:
                self.stdout.write(f"{book.name}: {difference}")
            if not options["check"]:
                rebuilding.rebuild(book)
                equity.rebuild(book.pk, timezone.now(), afresh=True)
            self._progress(number, len(books), book.name)
        done = "compared" if options["check"] else "rebuilt"
        self.stdout.write(
            f"{plural(len(books), 'book')} {done}, {plural(wrong, 'difference')}"
        )
        if wrong and options["check"]:
            raise CommandError("stored rows differ from what the facts say.")

    def _progress(self, number: int, of: int, name: str) -> None:
        if sys.stderr.isatty():
            self.stderr.write(f"\r[{'#' * (30 * number // of):<30}] {name}", ending="")
            if number == of:
                self.stderr.write("")
