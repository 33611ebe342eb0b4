"""`manage.py scan`: known weaknesses in the code and in the pinned packages."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from kernel import build
from kernel.errors import Invalid
from operations.services import scanning

EXIT = {
    scanning.ScanState.CLEAN: 0,
    scanning.ScanState.FAULTS: 1,
    scanning.ScanState.UNTOLD: 2,
}


class Command(BaseCommand):
    help = "Scan the commit: exit 0 clean, 1 something is known, 2 it cannot be told."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        done = []
        for scan in scanning.scans():
            self.stdout.write(f"{scan.name}: {scan.state.value}. {scan.detail}")
            done.append(scan)
        try:
            kept = scanning.keep(done, build.look(), timezone.now())
        except Invalid as error:
            raise CommandError(f"nothing is kept: {error.detail}") from error
        self.stdout.write(kept)
        sys.exit(EXIT[scanning.worst(scan.state for scan in done)])
