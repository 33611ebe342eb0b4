"""`manage.py evidence`: run what the product stands still for, and keep what came of it.

`make evidence` installs the tools first. The product may run or not: all of it is bound
to the commit of this tree.
"""

from __future__ import annotations

import subprocess
import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import close_old_connections
from django.utils import timezone

from kernel.display import plural
from kernel.errors import ProductError
from readiness.services.evidence import collecting, heavy
from readiness.services.evidence.heavy import HeavyStep

WIDTH = 30


class Command(BaseCommand):
    help = "Run suites, tools and the quick benchmark for this commit, one at a time."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--only",
            nargs="+",
            default=(),
            metavar="STEP",
            help="steps whose titles begin so, such as 'suite smoke' or 'probe mypy'",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        steps = heavy.plan(frozenset(options["only"]))
        if not steps:
            raise CommandError("There is no such step.", returncode=2)
        try:
            commit = heavy.refuse_unproving().commit
            self.stdout.write(
                f"evidence of commit {commit[:12]}, {plural(len(steps), 'step')}"
            )
            for number, step in enumerate(steps):
                heavy.refuse_unproving()
                close_old_connections()  # the last step may have taken an hour
                self._do(step, number, len(steps))
            self.stdout.write(str(collecting.collect(timezone.now())))
        except ProductError as error:
            raise CommandError(str(error)) from error

    def _do(self, step: HeavyStep, number: int, total: int) -> None:
        self._bar(step, number, total)
        began = time.monotonic()
        try:
            said = step.run()
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            said = f"could not be done: {error}"
        took = time.monotonic() - began
        self._bar(None, number, total)
        self.stdout.write(f"[{number + 1}/{total}] {step.title}: {said} ({took:.0f} s)")
        self.stdout.flush()

    def _bar(self, step: HeavyStep | None, done: int, total: int) -> None:
        """What is being done, on a terminal; elsewhere each step's own line says it."""
        if not sys.stderr.isatty():
            return
        filled = WIDTH * done // total
        text = f"[{'#' * filled:<{WIDTH}}] {step.title}" if step else ""
        self.stderr.write(f"\r\033[K{text}", ending="")
        self.stderr.flush()
