"""Walk the audit log: every body, the chain, the root, a checkpoint from outside; and
hold against it the rows of which it tells."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError
from django.utils import timezone

from audit import queries
from audit.verify import MOST_PROBLEMS
from kernel.display import plural
from kernel.errors import ProductError
from kernel.registry import RECORD_CHECKS

FAILED = 1
CANNOT = 2


class Command(BaseCommand):
    help = (
        "Verify the audit log, and the rows of which it tells. "
        "Exit 0 whole, 1 tampered with, 2 cannot tell."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--checkpoint", type=Path, help="a signed checkpoint kept outside"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path | None = options["checkpoint"]
        try:
            verified = queries.check(file.read_bytes() if file else None)
            rows = _differing_rows()
        except (OSError, ProductError, DatabaseError) as error:
            self.stderr.write(f"Cannot verify: {error}")
            sys.exit(CANNOT)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(verified, rows)))
        else:
            self._say(verified, rows)
        if verified.problems or rows:
            sys.exit(FAILED)
        if verified.unsure:
            sys.exit(CANNOT)

    def _say(self, verified: queries.LogVerification, rows: Sequence[str]) -> None:
        for problem in verified.problems:
            self.stdout.write(f"problem: {problem}")
        for row in rows:
            self.stdout.write(f"differs: {row}")
        for gap in verified.unsure:
            self.stdout.write(f"cannot tell: {gap}")
        word = "CANNOT TELL" if verified.unsure else "whole"
        word = "NOT WHOLE" if verified.problems else word
        self.stdout.write(
            f"{plural(verified.size, 'event')}, root {verified.root}: {word}"
        )
        told = "SOME SAY SOMETHING ELSE" if rows else "as it tells"
        self.stdout.write(f"rows of which the log tells: {told}")


def _differing_rows() -> list[str]:
    """At most a hundred: who sees these has enough to do."""
    at = timezone.now()
    rows = (row for check in RECORD_CHECKS for row in check(at))
    return list(islice(rows, MOST_PROBLEMS))


def as_json(
    verified: queries.LogVerification, rows: Sequence[str]
) -> dict[str, object]:
    return {
        "ok": verified.ok and not rows,
        "size": verified.size,
        "root": verified.root,
        "problems": list(verified.problems),
        "unsure": list(verified.unsure),
        "rows": list(rows),
    }
