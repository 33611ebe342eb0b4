"""The one order of facts: by time, then by when they came, then by their place among
the facts of their file or request, then by their row's id. What arrived first counts
first; the text of an id says nothing. Requests number their rows here, files in
formats.file_order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
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
