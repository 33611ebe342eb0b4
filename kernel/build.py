"""Which code this process runs: fixed when it starts, never re-read.

A process goes on running old code after git HEAD has moved on, so evidence must
name the commit of the process that answered.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from django.conf import settings

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Build:
    """`commit` is 40 hex digits or "unknown"; `clean` says that the tracked files
    equal that commit. Only a clean, known commit can prove anything."""

    commit: str
    clean: bool

    @property
    def proves(self) -> bool:
        return self.clean and self.commit != UNKNOWN


def _git(*words: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed words, no shell
            ["git", "-C", str(Path(settings.BASE_DIR)), *words],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None


def look() -> Build:
    """The commit and cleanliness of the tree as it is right now."""
    changed = _git("status", "--porcelain", "--untracked-files=no")
    if settings.RRR_COMMIT:
        return Build(settings.RRR_COMMIT, clean=not changed)
    return Build(_git("rev-parse", "HEAD") or UNKNOWN, clean=changed == "")


@cache
def running() -> Build:
    """The build of this process, fixed at the first call (settings do it at start)."""
    return look()
