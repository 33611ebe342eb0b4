"""When a job is due: "every 10m", "daily 02:00 UTC", or "" for on request only.

Pure: the time is passed in. Slots of an "every" schedule follow one another by its
period from the first on; slots that were missed collapse into the latest one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
SPOKEN = {"s": "s", "m": "min", "h": "h", "d": "d"}
PERIOD = re.compile(r"([1-9][0-9]{0,4})([smhd])")
DAILY = re.compile(r"daily ([01][0-9]|2[0-3]):([0-5][0-9]) UTC")
DAY = timedelta(days=1)
# A job rests for a week at the most.
LONGEST_PAUSE_MINUTES = 7 * 24 * 60
PAUSES = {
    60: "1 hour",
    240: "4 hours",
    1440: "1 day",
    3 * 1440: "3 days",
    LONGEST_PAUSE_MINUTES: "7 days",
}


class BadSchedule(ValueError):
    """The text is no schedule; says what one looks like."""


@dataclass(frozen=True)
class Schedule:
    """A period, and for daily ones the time of day in UTC."""

    period: timedelta
    at: time | None = None

    def first(self, now: datetime) -> datetime:
        """The first slot of a job that never had one: at once, or, for a daily one,
        the next time of day."""
        if self.at is None:
            return now
        slot = datetime.combine(now.astimezone(UTC).date(), self.at, UTC)
        return slot if slot >= now else slot + DAY

    def latest(self, due: datetime, now: datetime) -> datetime:
        """The newest slot that is not after `now`, counted from the slot `due`."""
        return due + (now - due) // self.period * self.period


def period(text: str) -> timedelta:
    """How long "90s", "30m", "24h" or "1d" is. Raises BadSchedule."""
    parts = PERIOD.fullmatch(text)
    if parts is None:
        raise BadSchedule(f"{text!r} is no period: '30m', '24h' or '1d'.")
    return timedelta(seconds=int(parts[1]) * UNITS[parts[2]])


def parse(text: str) -> Schedule | None:
    """The schedule that the text names; None for "". Raises BadSchedule."""
    if not text:
        return None
    if text.startswith("every ") and PERIOD.fullmatch(every := text[6:]):
        return Schedule(period(every))
    if daily := DAILY.fullmatch(text):
        return Schedule(DAY, time(int(daily[1]), int(daily[2])))
    raise BadSchedule(f"{text!r} is no schedule: 'every 10m' or 'daily 02:00 UTC'.")


def write(period: timedelta) -> str:
    """The "every …" text of a whole period: 90 s is "every 90s", 2 h "every 2h"."""
    seconds = int(period.total_seconds())
    unit = next(name for name in "dhms" if seconds % UNITS[name] == 0)
    return f"every {seconds // UNITS[unit]}{unit}"


@dataclass(frozen=True)
class Slot:
    """What a tick finds for one job: a slot to queue (or None), and the next one."""

    due: datetime | None
    following: datetime


def step(schedule: Schedule, next_due: datetime | None, now: datetime) -> Slot:
    """The slot to queue now and the one after it.

    A next slot further ahead than one period was computed by a clock that has been
    set back since: it is pulled back, so that a job never sleeps longer than that.
    """
    due = schedule.first(now) if next_due is None else next_due
    if due > now + schedule.period:
        back = schedule.first(now) if schedule.at else now + schedule.period
        return Slot(None, back)
    if due > now:
        return Slot(None, due)
    slot = schedule.latest(due, now)
    return Slot(slot, slot + schedule.period)


def spoken(schedule: str) -> str:
    """For people: "every 10 min", "daily 02:00 UTC", "on request"."""
    known = parse(schedule)
    if known is None:
        return "on request"
    if known.at is not None:
        return schedule
    return f"every {schedule[6:-1]} {SPOKEN[schedule[-1]]}"
