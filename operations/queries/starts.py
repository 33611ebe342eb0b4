"""Reading which web processes were started, and when their settings changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from operations.models import ProcessStart

LOOKED_AT = 50  # starts; who restarts more often with one configuration loses minutes


@dataclass(frozen=True)
class Configuration:
    """What the product runs with: the digest of its settings, and the start since
    which it has been this one."""

    digest: str
    since: datetime


def configuration() -> Configuration | None:
    """That of the newest web process; None before the first has started. One query."""
    rows = ProcessStart.objects.values_list("configuration", "at")[:LOOKED_AT]
    newest: Configuration | None = None
    for digest, at in rows:
        if newest is not None and digest != newest.digest:
            break
        newest = Configuration(digest, at)
    return newest


@dataclass(frozen=True)
class StartLine:
    """A start of a web process; `other_settings` than the one before had."""

    start: ProcessStart
    other_settings: bool


def web_starts(limit: int = 4) -> list[StartLine]:
    """The newest first; the first that ever was has none before it."""
    rows = list(ProcessStart.objects.all()[: limit + 1])
    before = [*rows[1:], rows[-1]] if rows else []
    return [
        StartLine(row, row.configuration != older.configuration)
        for row, older in zip(rows, before, strict=True)
    ][:limit]
