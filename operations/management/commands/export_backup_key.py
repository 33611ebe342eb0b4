"""`manage.py export_backup_key [FILE]`: the key that opens sealed backups, to be kept
where the backups are not."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from operations.services.backups import keys, sealing
from operations.services.backups.copies import BackupError


class Command(BaseCommand):
    help = "Write BACKUP_KEY to a new file, or print it, to keep it elsewhere."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file",
            nargs="?",
            help="a file that is not there yet, outside the state directory; "
            "without it the key is printed",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["file"]:
                keys.export_to(Path(options["file"]))
                self.stdout.write(
                    f"{options['file']} opens backups sealed to {sealing.recipient()}; "
                    "keep it where the backups are not"
                )
            else:
                self.stdout.write(keys.exported_key())
            keys.note_export("system")
        except BackupError as error:
            raise CommandError(str(error)) from error
        except DatabaseError as error:
            raise CommandError(
                f"the key is out, but the database takes no note of it: {error}"
            ) from error
