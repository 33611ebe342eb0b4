"""How jobs and probes stand, in the words of the operations page and the API: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from enum import StrEnum

HALF_HOUR = timedelta(minutes=30)
DAY = timedelta(hours=24)


class JobState(StrEnum):
    IDLE = "idle"
    QUEUED = "queued"
    RUNNING = "running"
    FAILING = "failing"
    PAUSED = "paused"


class ProbeState(StrEnum):
    """FAILING: a yes/no probe counted faults. NO_DATA: it could not measure, which
    is no pass. MEASURED: a figure that only its reader can judge. NEVER ran."""

    FAILING = "failing"
    NO_DATA = "no_data"
    NEVER = "never"
    PASSING = "passing"
    MEASURED = "measured"


class HalfHour(StrEnum):
    """The worst of half an hour, from nothing to faults."""

    EMPTY = "."
    FINE = "o"
    NOT_MEASURED = "w"
    FAULTS = "c"


HALF_HOURS = DAY // HALF_HOUR
QUIET_DAY = HalfHour.EMPTY * HALF_HOURS
SEVERITY = list(HalfHour)


def job_state(*, paused: bool, failures: int, unfinished: Collection[str]) -> JobState:
    """`unfinished`: the states of its runs that are queued or running."""
    if paused:
        return JobState.PAUSED
    if JobState.RUNNING in unfinished:
        return JobState.RUNNING
    if failures:
        return JobState.FAILING
    return JobState.QUEUED if JobState.QUEUED in unfinished else JobState.IDLE


def probe_state(value: str | None, unit: str) -> ProbeState:
    """How a probe stands whose newest result is this."""
    if value is None:
        return ProbeState.NO_DATA
    if unit != "faults":
        return ProbeState.MEASURED
    return ProbeState.PASSING if value == "0" else ProbeState.FAILING


def day_of(results: Iterable[tuple[datetime, str | None, str]], start: datetime) -> str:
    """24 hours from `start` as a letter of HalfHour each half hour, oldest first;
    results are (when, value, unit)."""
    day = [HalfHour.EMPTY] * HALF_HOURS
    for observed, value, unit in results:
        slot = min((observed - start) // HALF_HOUR, HALF_HOURS - 1)
        day[slot] = max(day[slot], _half_hour(value, unit), key=SEVERITY.index)
    return "".join(day)


def worst_day(days: Sequence[str]) -> str:
    """The worst of each half hour of several days; as one that was quiet without any."""
    halves = zip(*days, strict=True)
    worst = "".join(max(half, key=_severity) for half in halves)
    return worst or QUIET_DAY


def _severity(letter: str) -> int:
    return SEVERITY.index(HalfHour(letter))


def _half_hour(value: str | None, unit: str) -> HalfHour:
    state = probe_state(value, unit)
    if state is ProbeState.NO_DATA:
        return HalfHour.NOT_MEASURED
    return HalfHour.FAULTS if state is ProbeState.FAILING else HalfHour.FINE
