"""What is known of an outage without the database: since when it is so, as far as this
process knows, and who else knows, as far as somebody noted that outside of it."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Any

from django.utils import timezone

from kernel.registry import OUTAGE_NOTES, OutageNote

# Who met no failure for so long may have met nobody: it is no longer the same outage.
SAME_OUTAGE_SECONDS = 60.0


@dataclass(frozen=True)
class _Met:
    """The first failure, the time (monotonic) of the last, and when a connection was
    made last. That proves little: a server may take one and hang, a file be locked."""

    first: datetime | None = None
    last: float = 0.0
    answered: datetime | None = None


_lock = Lock()
_met = _Met()


def met() -> None:
    """This process could not use the database."""
    global _met
    with _lock:
        now, ago = timezone.now(), time.monotonic() - _met.last
        goes_on = _met.first is not None and ago < SAME_OUTAGE_SECONDS
        first = _met.first if goes_on else now
        _met = replace(_met, first=first, last=time.monotonic())


def answered(**kwargs: Any) -> None:
    """A connection was made. Takes Django's signal."""
    global _met
    with _lock:
        _met = replace(_met, answered=timezone.now())


def known() -> OutageNote | None:
    """None while this process met no failure. Asks no database."""
    seen = _met
    if seen.first is None:
        return None
    notes = [note for tell in OUTAGE_NOTES if (note := tell()) is not None]
    # Of who looks no more, what was noted before the last connection is not of now.
    answered = seen.answered
    notes = [n for n in notes if n.looks or not answered or n.since >= answered]
    return OutageNote(
        since=min([seen.first, *(note.since for note in notes)]),
        told="; ".join(note.told for note in notes),
    )
