"""Walk the audit log: every body, the chain, the root, a checkpoint from outside."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.db import DatabaseError

from audit import queries
from kernel.display import plural
from kernel.errors import ProductError

FAILED = 1
CANNOT = 2


class Command(BaseCommand):
    help = "Verify the audit log. Exit 0 whole, 1 tampered with, 2 cannot tell."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--checkpoint", type=Path, help="a signed checkpoint kept outside"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        file: Path | None = options["checkpoint"]
        try:
            verified = queries.check(file.read_bytes() if file else None)
        except (OSError, ProductError, DatabaseError) as error:
            self.stderr.write(f"Cannot verify: {error}")
            sys.exit(CANNOT)
        if options["json"]:
            self.stdout.write(json.dumps(as_json(verified)))
        else:
            self._say(verified)
        if verified.problems:
            sys.exit(FAILED)
        if verified.unsure:
            sys.exit(CANNOT)

    def _say(self, verified: queries.LogVerification) -> None:
        for problem in verified.problems:
            self.stdout.write(f"problem: {problem}")
        for gap in verified.unsure:
            self.stdout.write(f"cannot tell: {gap}")
        word = "CANNOT TELL" if verified.unsure else "whole"
        word = "NOT WHOLE" if verified.problems else word
        self.stdout.write(
            f"{plural(verified.size, 'event')}, root {verified.root}: {word}"
        )


def as_json(verified: queries.LogVerification) -> dict[str, object]:
    return {
        "ok": verified.ok,
        "size": verified.size,
        "root": verified.root,
        "problems": list(verified.problems),
        "unsure": list(verified.unsure),
    }
