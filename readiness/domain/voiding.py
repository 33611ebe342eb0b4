"""Whom a change of a signed line is told, and when. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from readiness.domain.claims import ClaimChange

AT_MOST_EVERY = timedelta(hours=1)


def known_as(change: ClaimChange) -> str:
    """One change of one line, as it is remembered."""
    return f"{change.key}: {change.change}" if change.key else change.change


def to_tell(
    void: Sequence[ClaimChange],
    told: Sequence[str],
    told_at: datetime | None,
    now: datetime,
) -> list[ClaimChange]:
    """The changes of which the signer does not know yet: at once the first time, then
    together once an hour, so that no storm of ticks becomes a storm of letters."""
    new = [change for change in void if known_as(change) not in told]
    waits = told_at is not None and now < told_at + AT_MOST_EVERY
    return [] if waits else new
