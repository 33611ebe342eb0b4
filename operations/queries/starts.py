"""Reading which web processes were started, and when their settings changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from audit import queries as audit
from operations.models import ProcessStart

SETTINGS_CHANGED = "operations.settings.changed"
UNREADABLE = "?"  # no product was ever seen with these


@dataclass(frozen=True)
class Configuration:
    """What the product runs with: the digest of its settings, and the start since
    which it has been this one."""

    digest: str
    since: datetime


def configuration() -> Configuration | None:
    """That of the newest web process, by the log's word: a row can be taken back to
    older settings, under which older evidence would count. None before the first has
    started. One query."""
    event = audit.newest(SETTINGS_CHANGED)
    if event is None:
        return None
    if not event.intact or event.kind != SETTINGS_CHANGED:
        return Configuration(UNREADABLE, event.at)
    since = datetime.fromisoformat(str(event.data["since"]))
    return Configuration(str(event.data["configuration"]), since)


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
