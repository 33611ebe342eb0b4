"""Times in files: what a whole file says of them, beside what each text says."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from trades.domain.times import finer_digits, from_milliseconds, in_zone, parsed_time

MILLISECONDS = re.compile(r"[0-9]{13}")


@dataclass
class FileTimes:
    """Reads the times of one file, in the zone that was declared or that its format
    fixes. `finer` counts those whose digits beyond the microsecond were cut off;
    `seconds` keeps, by line, the later moment of a local time that names two."""

    zone: ZoneInfo | None = None
    finer: int = 0
    seconds: dict[int, datetime] = field(default_factory=dict)

    def read(self, text: str, line: int = 0) -> datetime:
        """The UTC time of a text, of two moments the first. Raises ValueError."""
        given = text.strip()
        if MILLISECONDS.fullmatch(given):
            return from_milliseconds(int(given))
        finer = finer_digits(given)
        if finer is not None and finer[1].strip("0"):
            self.finer += 1
            given = given[: finer.start(1)] + given[finer.end(1) :]
        at, later = in_zone(parsed_time(given), self.zone)
        if later is not None:
            self.seconds[line] = later
        return at

    @property
    def said(self) -> list[str]:
        """What was done to times, in sentences."""
        if not self.finer:
            return []
        times = "1 time is" if self.finer == 1 else f"{self.finer:,} times are"
        return [f"{times} finer than a microsecond; the digits beyond were cut off"]
