"""`manage.py restore ID|FILE [--yes [--without-saving] | --to PLACE [--files FOLDER]]`:
a dry run first, the real thing with --yes, or a copy to look at elsewhere."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from kernel.display import plural
from operations.services.backups import restoring
from operations.services.backups.copies import FAILURES


class Command(BaseCommand):
    help = "Put a backup back. Without --yes it only says what it would do."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("backup", help="a file, or the beginning of a backup's id")
        parser.add_argument("--yes", action="store_true", help="really do it")
        parser.add_argument(
            "--without-saving",
            action="store_true",
            help="with --yes: do not back up first what is here now, because it is "
            "damaged or there is no room; what was written since is lost",
        )
        parser.add_argument(
            "--from-elsewhere",
            action="store_true",
            help="with --yes: replace what is here though the backup is of another "
            "installation, whose books, people and log it holds",
        )
        parser.add_argument(
            "--to",
            default="",
            help="another place that is not there yet, which leaves this one alone: "
            "a file for SQLite, a database's name for PostgreSQL",
        )
        parser.add_argument(
            "--files",
            default="",
            help="with --to: a folder that is not there yet, for filed documents and "
            "signed heads of the log",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["files"] and not options["to"]:
            raise CommandError("--files belongs to --to: a restore puts them back")
        try:
            plan = restoring.plan(options["backup"])
            self.stdout.write(
                f"{plan.name}: {plan.manifest.engine} as of {plan.manifest.taken_at}, "
                f"{plural(len(plan.manifest.marker), 'marker value')}, "
                f"{plural(plan.to_migrate, 'migration')} to apply"
            )
            if other := restoring.foreign(plan):
                self.stdout.write(other)
            if options["to"]:
                self.stdout.write(
                    restoring.restore_to(plan, options["to"], options["files"])
                )
                return
            if not options["yes"]:
                self.stdout.write("nothing was changed: add --yes to restore it")
                return
            done = restoring.restore(
                plan,
                save=not options["without_saving"],
                from_elsewhere=options["from_elsewhere"],
            )
            for sentence in done:
                self.stdout.write(sentence)
        except FAILURES as error:
            raise CommandError(str(error)) from error
