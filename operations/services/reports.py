"""Reports of tools about one commit, kept as files until a probe reads them.

`make evidence` writes them, and an attestation does. One file a name: the newest
counts. Reports of commits that nobody asks about any more go when others come.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from django.conf import settings

from kernel.errors import Invalid
from kernel.files import write_whole
from operations.domain.xml_reports import Suite

JUNIT = {suite: f"junit-{suite}.xml" for suite in Suite}
COVERAGE = "coverage.xml"
MOST_BYTES = 10_000_000
KEPT_COMMITS = 10
COMMIT = re.compile(r"[0-9a-f]{40}")
NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}\.(xml|json|txt)")


def folder_of(commit: str) -> Path:
    """Where this commit's reports lie. Raises Invalid for what is no commit."""
    if not COMMIT.fullmatch(commit):
        raise Invalid("A report is about a commit of 40 digits.", code="commit")
    return _folder() / commit


def _folder() -> Path:
    return Path(settings.STATE_DIR) / "reports"


def keep(commit: str, name: str, content: bytes) -> Path:
    """Write it whole, in place of an older one of this name."""
    path = _path(commit, name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, content)
    _forget_old()
    return path


def read(commit: str, name: str) -> bytes | None:
    """None where there is none; at most `MOST_BYTES`, for what is larger is none."""
    path = _path(commit, name)
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except FileNotFoundError:
        return None
    return content if len(content) <= MOST_BYTES else None


def _path(commit: str, name: str) -> Path:
    if not NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no report's name")
    return folder_of(commit) / name


def _forget_old() -> None:
    commits = [path for path in _folder().iterdir() if COMMIT.fullmatch(path.name)]
    commits.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in commits[KEPT_COMMITS:]:
        shutil.rmtree(path, ignore_errors=True)
