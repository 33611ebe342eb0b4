"""Ranges of a performance answer, by the names that the API takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

ROLLING = {"1d": 1, "7d": 7, "30d": 30, "90d": 90, "1y": 365}
HOURS = {"1h": 1, "4h": 4}
PERIODS = ("1h", "4h", "1d", "7d", "30d", "90d", "wtd", "ytd", "1y", "all")
INTERVALS = {"5m": 5, "15m": 15, "1h": 60, "4h": 240, "1d": 1440}
MOST_POINTS = 2_000
CUSTOM = "custom"  # the range between two days


@dataclass(frozen=True)
class Period:
    """From the close of the day before `first`; None is from the beginning.

    `hours` is set for ranges inside a day, which have no daily statistics.
    """

    name: str
    first: date | None
    last: date
    hours: int | None = None

    def until(self, day: date) -> Period:
        """The same without the days after this one."""
        return replace(self, last=min(self.last, day))

    @property
    def label(self) -> str:
        """As pages name it: 1Y, or its days."""
        if self.name != CUSTOM:
            return self.name.upper()
        first = f"{self.first:%-d %b %Y}" if self.first else "the beginning"
        return f"{first} to {self.last:%-d %b %Y}"

    def __contains__(self, day: date) -> bool:
        return day <= self.last and (self.first is None or day >= self.first)


def period(name: str, today: date) -> Period:
    """The range that a name of PERIODS means on that day; KeyError for others."""
    if name in HOURS:
        return Period(name, today, today, HOURS[name])
    if name == "all":
        return Period(name, None, today)
    if name == "wtd":
        return Period(name, today - timedelta(days=today.weekday()), today)
    if name == "ytd":
        return Period(name, date(today.year, 1, 1), today)
    return Period(name, today - timedelta(days=ROLLING[name] - 1), today)
