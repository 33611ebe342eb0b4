"""`manage.py restore_drill`: prove that the newest backup comes back."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from operations.services.backups import drilling
from operations.services.backups.copies import FAILURES


class Command(BaseCommand):
    help = "Restore the newest backup beside the database and compare it."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            drilled = drilling.drill("system")
        except FAILURES as error:
            raise CommandError(f"no drill: {error}") from error
        if not drilled.ok:
            raise CommandError(f"the drill failed: {drilled.differences}")
        self.stdout.write(
            f"it comes back: in {drilled.rto_seconds} s, "
            f"to {drilled.rpo_seconds} s before now"
        )
