"""What a waiver may ask for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from kernel.errors import FieldError

LONGEST_WAIVER = timedelta(days=30)
LONGEST_TEXT = 2_000


@dataclass(frozen=True)
class NewWaiver:
    """Going on with a known `risk`, for this `reason`, until `ends`."""

    reason: str
    risk: str
    ends: datetime


def waiver_faults(new: NewWaiver, now: datetime) -> Iterator[FieldError]:
    yield from text_faults("reason", new.reason)
    yield from text_faults("risk", new.risk)
    if new.ends <= now:
        yield FieldError("/ends", "past", "it would have ended already: choose a later")
    elif new.ends > now + LONGEST_WAIVER:
        yield FieldError("/ends", "range", "at most 30 days from now")


def text_faults(name: str, text: str) -> Iterator[FieldError]:
    if not text.strip():
        yield FieldError(f"/{name}", "required", "say it in a sentence")
    elif len(text) > LONGEST_TEXT:
        limit = f"at most {LONGEST_TEXT:,} characters, these are {len(text):,}"
        yield FieldError(f"/{name}", "length", limit)
