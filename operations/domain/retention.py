"""Which backups are kept: the newest of so many hours, days, weeks and months. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

PART = re.compile(r"([1-9][0-9]{0,3})([hdwm])")
Bucket = tuple[int, ...]
BUCKETS: Mapping[str, Callable[[datetime], Bucket]] = {
    "h": lambda at: (at.year, at.month, at.day, at.hour),
    "d": lambda at: (at.year, at.month, at.day),
    "w": lambda at: tuple(at.isocalendar())[:2],
    "m": lambda at: (at.year, at.month),
}


class BadRetention(ValueError):
    """The text is no retention; says what one looks like."""


@dataclass(frozen=True)
class Copy:
    """A backup that is there, and whether it was read back."""

    pk: int
    at: datetime
    verified: bool


def parse(text: str) -> dict[str, int]:
    """{"h": 24, "d": 7} of "24h,7d". Raises BadRetention."""
    parts = [PART.fullmatch(part.strip()) for part in text.split(",")]
    counts = {part[2]: int(part[1]) for part in parts if part}
    if not all(parts) or len(counts) != len(parts):
        raise BadRetention(f"{text!r} is no retention: '24h,7d,4w,12m'.")
    return counts


def expired(copies: Sequence[Copy], counts: Mapping[str, int]) -> list[int]:
    """Which may go: none of the newest in each of the last `counts` hours, days, weeks
    and months (UTC) that have a backup, and never the newest verified one, nor the
    newest of all."""
    newest_first = sorted(copies, key=lambda copy: copy.at, reverse=True)
    kept = {copy.pk for copy in newest_first[:1]}
    kept.update([copy.pk for copy in newest_first if copy.verified][:1])
    for unit, count in counts.items():
        buckets: dict[Bucket, int] = {}
        for copy in newest_first:
            buckets.setdefault(BUCKETS[unit](copy.at.astimezone(UTC)), copy.pk)
        kept.update(list(buckets.values())[:count])
    return [copy.pk for copy in newest_first if copy.pk not in kept]
