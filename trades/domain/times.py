"""Times as texts write them, in UTC: local ones need their zone, and a clock change
must not make one up."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

FUTURE = timedelta(minutes=5)
EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FINER = re.compile(r"[.,][0-9]{6}([0-9]+)")
EXAMPLE = "write 2026-01-31T09:30:00Z"


def finer_digits(text: str) -> re.Match[str] | None:
    """The digits beyond the microsecond, with those before them."""
    return FINER.search(text) if "." in text or "," in text else None


def parsed_time(given: str) -> datetime:
    """The time of a text as it stands there, with or without an offset; a date alone
    is its 00:00, a trailing UTC is an offset. Raises ValueError."""
    text = given.strip()
    if text[-4:].upper() == " UTC":
        text = f"{text[:-4].rstrip()}+00:00"
    finer = finer_digits(text)
    if finer and finer[1].strip("0"):
        raise ValueError(
            f"{given[:40]!r} is finer than a microsecond: the ledger keeps six digits"
        )
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        # "day is out of range for month" helps, "Invalid isoformat string" does not.
        why = str(error) if "out of range" in str(error) else EXAMPLE
        raise ValueError(f"{given[:40]!r} is no time: {why}") from None


def moments(local: datetime, zone: ZoneInfo) -> tuple[datetime, datetime | None]:
    """The UTC time that a local time names, and the later one where clocks were set
    back and it names two. Raises ValueError where they were set forward over it."""
    at = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if at.astimezone(zone).replace(tzinfo=None) != local.replace(tzinfo=None):
        raise ValueError(
            f"{local:%Y-%m-%d %H:%M:%S} does not exist in {zone.key}: "
            "the clocks were set forward over it"
        )
    later = local.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return at, later if later > at else None


def read_time(value: Any, zone: ZoneInfo | None = None) -> datetime:
    """The UTC time of a text. Without an offset it needs the declared `zone`; of two
    that a clock change makes of it, the first. Raises ValueError that says what is
    wrong."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC)
    return in_zone(parsed_time(str(value)), zone)[0]


def in_zone(at: datetime, zone: ZoneInfo | None) -> tuple[datetime, datetime | None]:
    """moments() of a time that may carry its own offset (then there is one)."""
    later = None
    if at.tzinfo is not None:
        first = at.astimezone(UTC)
    elif zone is not None:
        first, later = moments(at, zone)
    else:
        raise ValueError(
            f"'{at}' names no time zone: add Z or an offset, or declare the zone"
        )
    if first < EARLIEST:
        raise ValueError("lies before 1900")
    return first, later


def from_milliseconds(milliseconds: int) -> datetime:
    """The exact time of so many milliseconds since 1970. Raises OverflowError."""
    return EPOCH + timedelta(milliseconds=milliseconds)
