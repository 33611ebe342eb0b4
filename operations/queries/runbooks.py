"""What to do about a rule's alert: docs/runbooks/<rule>.md, written for three at night."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings


def runbook_folder() -> Path:
    return Path(settings.BASE_DIR) / "docs" / "runbooks"


@cache
def runbook_titles() -> dict[str, str]:
    """{rule: what its runbook is about}, by title."""
    titles = {
        path.stem: path.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
        for path in runbook_folder().glob("*.md")
    }
    return dict(sorted(titles.items(), key=lambda each: each[1]))


@cache
def runbook(rule: str) -> str:
    """Markdown without its title; "" for a rule that has none (one of another engine,
    or of a name that is no rule's)."""
    if rule not in runbook_titles():
        return ""
    path = runbook_folder() / f"{rule}.md"
    return path.read_text(encoding="utf-8").partition("\n")[2].strip()
