"""What to do about a rule's alert: docs/runbooks/<rule>.md, written for three at night."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from django.conf import settings


def runbook_folder() -> Path:
    return Path(settings.BASE_DIR) / "docs" / "runbooks"


@cache
def runbook(rule: str) -> str:
    """Markdown without its title; "" for a rule that has none (one of another engine,
    or of a name that is no rule's)."""
    known = {path.stem: path for path in runbook_folder().glob("*.md")}
    if rule not in known:
        return ""
    return known[rule].read_text(encoding="utf-8").partition("\n")[2].strip()
