"""Starts that are refused, in the words of whoever reads them: a sentence at a
terminal, one JSON object where a service's lines go to machines.

Free of settings: a setting may be what is refused.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

# Of `manage.py`'s commands these run until they are stopped; the others' readers are
# people, wherever they lead the output.
SERVICES = frozenset({"serve", "watch"})
PROGRAMS = frozenset({"celery", "granian"})


def is_service(command: Sequence[str]) -> bool:
    """Whether this command line (`sys.argv`) is one of the product's processes."""
    program = Path(command[0] if command else "")
    if program.name == "manage.py":
        return len(command) > 1 and command[1] in SERVICES
    return bool(PROGRAMS & {program.name, program.parent.name})


def speaks_json() -> bool:
    """Whether machines read what this process says."""
    return is_service(sys.argv) and not sys.stderr.isatty()


def line(sentence: str, *, level: str = "critical", logger: str = "rrr.process") -> str:
    """The sentence as our logs write theirs."""
    at = datetime.now(UTC).isoformat().replace("+00:00", "Z")
    told = {"event": sentence.strip(), "level": level, "logger": logger, "at": at}
    return json.dumps(told)


class RefusedStart(SystemExit):
    """Ends the process with this sentence and exit code 1, and no traceback."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        # Python prints it when it ends; `str()` is the sentence all the same.
        if speaks_json():
            self.code = line(sentence)
