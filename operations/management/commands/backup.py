"""`manage.py backup`: take one now, verify it, say where it lies."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from operations.models import Backup
from operations.services.backups import taking
from operations.services.backups.copies import BackupError


class Command(BaseCommand):
    help = "Take a backup of the running database, read it back and verify it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--unsealed",
            action="store_true",
            help="make one that anybody can read, where there is no BACKUP_KEY",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            backup = taking.take("system", self.bar, unsealed=options["unsealed"])
        except BackupError as error:
            raise CommandError(f"no backup was made: {error}") from error
        if backup.status == Backup.Status.FAILED:
            raise CommandError(f"no backup was made: {backup.error}")
        self.stdout.write(
            f"{backup.uid.hex} {backup.status}: {backup.bytes:,} bytes, "
            f"sha256 {backup.sha256}, {backup.location}"
        )

    def bar(self, done: int, total: int) -> None:
        """A progress bar on a terminal, nothing elsewhere."""
        if sys.stderr.isatty() and total:
            filled = 40 * done // total
            self.stderr.write(f"\r[{'#' * filled:<40}] {done}/{total} pages", ending="")
            if done == total:
                self.stderr.write("")
