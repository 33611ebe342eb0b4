"""The one order of facts: by time, then by when they came, then by their place among
the facts of their file or request, then by their row's id. What arrived first counts
first; the text of an id says nothing. Files and requests number their rows here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeAlias

from trades.domain.facts import NewFill

# (time, recorded at, sequence, row id)
Key: TypeAlias = tuple[datetime, datetime, int, int]
EVER = datetime.min.replace(tzinfo=UTC)


def split_key(at: datetime) -> Key:
    """A split comes first of all facts of its time."""
    return at, EVER, -1, 0


def numbered(fills: Iterable[NewFill]) -> list[NewFill]:
    """As given, `sequence` = position among rows of equal time."""
    seen: Counter[datetime] = Counter()
    rows = []
    for fill in fills:
        rows.append(replace(fill, sequence=seen[fill.executed_at]))
        seen[fill.executed_at] += 1
    return rows


def of_file(fills: Sequence[NewFill]) -> list[NewFill]:
    """A file's rows in order of time, numbered; one listed newest first is reversed."""
    rows = list(fills)
    if len(rows) > 1 and rows[0].executed_at > rows[-1].executed_at:
        rows.reverse()
    return sorted(numbered(rows), key=lambda fill: (fill.executed_at, fill.sequence))
