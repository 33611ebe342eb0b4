"""Which measurements are kept: all at first, then one an hour and every change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

ALL_KEPT = timedelta(days=2)
SOME_KEPT = timedelta(days=40)


@dataclass(frozen=True)
class Sample:
    """One measurement of a key; `said` is everything in which it can differ."""

    pk: int
    at: datetime
    said: object


def superfluous(samples: Sequence[Sample], now: datetime) -> list[int]:
    """Which of one key's samples (oldest first) may go.

    All of the last 2 days stay; up to 40 days the first of each hour (UTC) and each
    that differs from the one before; of older ones none, but always the newest. What
    stays is the same however often it is asked.
    """
    gone, before, hour = [], None, None
    for sample in samples[:-1]:
        age = now - sample.at
        if age <= ALL_KEPT:
            break
        changed = before is None or sample.said != before.said
        first = (sample.at.date(), sample.at.hour) != hour
        if age > SOME_KEPT or not (first or changed):
            gone.append(sample.pk)
        before, hour = sample, (sample.at.date(), sample.at.hour)
    return gone
