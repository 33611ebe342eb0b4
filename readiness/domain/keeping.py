"""Which old records of probes are kept: what decided something, and what was signed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from readiness.domain.verdicts import CONCLUSIVE


@dataclass(frozen=True)
class OldRecord:
    """A probe's record of one check that is past its time."""

    pk: int
    observed_at: datetime
    verdict: str


def forgettable(
    records: Sequence[OldRecord], *, signed_at: Sequence[datetime]
) -> list[int]:
    """Which of one check's old records (oldest first) may go.

    Every pass or fail that differs from the one before stays, for the log tells of
    it, and so does the newest pass or fail at each moment when somebody signed.
    """
    kept = set()
    before = ""
    conclusive = [record for record in records if record.verdict in CONCLUSIVE]
    for record in conclusive:
        if record.verdict != before:
            kept.add(record.pk)
        before = record.verdict
    for moment in signed_at:
        stood = [record for record in conclusive if record.observed_at <= moment]
        kept.update(record.pk for record in stood[-1:])
    return [record.pk for record in records if record.pk not in kept]
