"""The one order of facts: by time, then their place among facts of that time, then
their id. Files and requests number their rows of one time here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from trades.domain.facts import NewFill

Key: TypeAlias = tuple[datetime, int, str]


def split_key(at: datetime) -> Key:
    """A split comes first of all facts of its time."""
    return at, -1, ""


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
