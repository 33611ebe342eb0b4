"""Beat's schedule on a clock that nobody can set back.

With the wall clock set back an hour, beat would send nothing for an hour. Its
"now" is therefore the start of this process plus the monotonic time since.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from celery.schedules import schedule

_STARTED = datetime.now(UTC)
_STARTED_MONOTONIC = time.monotonic()


def steady_now() -> datetime:
    """Looks like the wall clock's time at start, and only ever goes forward."""
    return _STARTED + timedelta(seconds=time.monotonic() - _STARTED_MONOTONIC)


class SteadyEvery(schedule):
    """Every so many seconds of monotonic time. Beat asks it for "now" too, so the
    whole of its heap runs on that clock."""

    def __init__(self, run_every: timedelta) -> None:
        super().__init__(run_every, nowfun=steady_now)

    def __reduce__(self) -> tuple[type[SteadyEvery], tuple[timedelta]]:
        return type(self), (timedelta(seconds=self.seconds),)
