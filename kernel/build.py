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

from kernel import build_list
from kernel.refusals import RefusedStart

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Build:
    """`commit` is 40 hex digits or "unknown"; `clean` says that the files equal that
    commit. Only a clean, known commit can prove anything: else `doubt` says why not,
    as the end of a sentence."""

    commit: str
    clean: bool
    doubt: str = ""

    @property
    def proves(self) -> bool:
        return self.clean and self.commit != UNKNOWN


class OtherCommit(RefusedStart):
    """RRR_COMMIT states what git denies. The process ends with this sentence."""


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
    """The commit and cleanliness of the tree as it is right now: what git says, and
    only where there is no git what RRR_COMMIT states and the list of the build bears
    out."""
    if (Path(settings.BASE_DIR) / ".git").exists():
        return _of_git()
    if not settings.RRR_COMMIT:
        return Build(
            UNKNOWN, clean=False, doubt="there is no git here and no RRR_COMMIT"
        )
    doubt = build_list.doubt(Path(settings.BASE_DIR), settings.RRR_COMMIT)
    if doubt:
        return Build(UNKNOWN, clean=False, doubt=f"RRR_COMMIT is not believed: {doubt}")
    return Build(settings.RRR_COMMIT, clean=True)


def _of_git() -> Build:
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return Build(UNKNOWN, clean=False, doubt="git does not tell the commit")
    clean = _git("status", "--porcelain", "--untracked-files=no") == ""
    return Build(commit, clean, doubt="" if clean else "tracked files differ from it")


@cache
def running() -> Build:
    """The build of this process, fixed at the first call, when it starts."""
    return look()


def contradiction() -> str:
    """Whether RRR_COMMIT names another commit than git does: a sentence, or ""."""
    stated, commit = settings.RRR_COMMIT, running().commit
    has_git = (Path(settings.BASE_DIR) / ".git").exists()
    if stated and has_git and commit not in {stated, UNKNOWN}:
        return f"RRR_COMMIT is {stated}, but git has {commit} here: leave RRR_COMMIT empty."
    return ""


def refuse_other_commit() -> None:
    """Raises OtherCommit: people would look at one commit and run another."""
    if sentence := contradiction():
        raise OtherCommit(sentence)
