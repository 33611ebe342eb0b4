"""Running a tool over the commit's files, as a child of ours; what it said is a report."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings

from kernel import build
from operations.services import reports
from operations.services.sources import NotHere, bare_environment

TOOL_SECONDS = 3_600


@dataclass(frozen=True)
class Said:
    """How a tool ended, and what it said on both channels."""

    status: int
    output: str
    errors: str = ""

    @property
    def lines(self) -> list[str]:
        return [line for line in self.output.splitlines() if line.strip()]


def run_tool(
    module: str,
    arguments: Sequence[str],
    *,
    report: str = "",
    environment: Mapping[str, str] | None = None,
    seconds: int = TOOL_SECONDS,
) -> Said:
    """`python -m module arguments…` in the tree; its output is kept as `report`. Raises
    NotHere for a tool that is not installed."""
    if importlib.util.find_spec(module) is None:
        raise NotHere(f"{module} is not installed here: `make evidence` installs it")
    done = subprocess.run(  # noqa: S603 - our own arguments, no shell
        [sys.executable, "-m", module, *arguments],
        cwd=settings.BASE_DIR,
        env={**bare_environment(), **(environment or {})},
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    said = Said(
        done.returncode,
        done.stdout.decode("utf-8", "replace"),
        done.stderr.decode("utf-8", "replace"),
    )
    commit = build.running().commit
    if report and commit != build.UNKNOWN:
        reports.keep(commit, report, done.stdout or done.stderr)
    return said
