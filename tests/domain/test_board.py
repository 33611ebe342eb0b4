"""How jobs and probes stand, and what a day looks like in letters."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.domain.board import (
    DAY,
    HALF_HOURS,
    QUIET_DAY,
    HalfHour,
    JobState,
    ProbeState,
    day_of,
    job_state,
    probe_state,
    worst_day,
)

START = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("paused", "failures", "unfinished", "state"),
    [
        (False, 0, set(), JobState.IDLE),
        (False, 0, {"queued"}, JobState.QUEUED),
        (False, 0, {"running"}, JobState.RUNNING),
        (False, 0, {"queued", "running"}, JobState.RUNNING),
        (False, 2, set(), JobState.FAILING),
        (False, 2, {"queued"}, JobState.FAILING),
        (False, 2, {"running"}, JobState.RUNNING),
        (True, 0, set(), JobState.PAUSED),
        (True, 2, {"running"}, JobState.PAUSED),
    ],
    ids=[
        "nothing to do",
        "waits for a worker",
        "is being done",
        "is being done and asked for again",
        "failed last",
        "failed and waits for its next try",
        "failed and is tried again",
        "paused",
        "paused while it runs",
    ],
)
def test_a_job_stands_as_its_runs_say(
    paused: bool, failures: int, unfinished: set[str], state: JobState
) -> None:
    assert job_state(paused=paused, failures=failures, unfinished=unfinished) is state


@pytest.mark.parametrize(
    ("value", "unit", "state"),
    [
        ("0", "faults", ProbeState.PASSING),
        ("1", "faults", ProbeState.FAILING),
        ("12", "faults", ProbeState.FAILING),
        (None, "faults", ProbeState.NO_DATA),
        (None, "ms", ProbeState.NO_DATA),
        ("0", "ms", ProbeState.MEASURED),
        ("wal", "", ProbeState.MEASURED),
        ("", "faults", ProbeState.FAILING),
    ],
    ids=[
        "no fault",
        "a fault",
        "many faults",
        "faults could not be counted",
        "a figure could not be measured",
        "a figure of nought is no verdict",
        "a word is no verdict",
        "an empty value is no pass",
    ],
)
def test_a_probe_stands_as_its_newest_result_says(
    value: str | None, unit: str, state: ProbeState
) -> None:
    assert probe_state(value, unit) is state


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def test_a_day_without_results_is_empty() -> None:
    assert day_of([], START) == QUIET_DAY == "." * 48


@pytest.mark.parametrize(
    ("minutes", "slot"),
    [(0, 0), (29.9, 0), (30, 1), (719, 23), (1439.9, 47), (1440, 47)],
    ids=[
        "its first moment",
        "before the half hour",
        "on the half hour",
        "before noon",
        "its last moment",
        "exactly now",
    ],
)
def test_a_result_lies_in_its_half_hour(minutes: float, slot: int) -> None:
    day = day_of([(at(minutes), "0", "faults")], START)
    assert day == "." * slot + "o" + "." * (HALF_HOURS - slot - 1)


@pytest.mark.parametrize(
    ("results", "letter"),
    [
        ([("0", "faults")], HalfHour.FINE),
        ([("7", "ms")], HalfHour.FINE),
        ([("2", "faults")], HalfHour.FAULTS),
        ([(None, "")], HalfHour.NOT_MEASURED),
        ([("0", "faults"), (None, "")], HalfHour.NOT_MEASURED),
        ([("2", "faults"), ("0", "faults")], HalfHour.FAULTS),
        ([(None, ""), ("2", "faults"), ("0", "faults")], HalfHour.FAULTS),
    ],
    ids=[
        "clean",
        "a figure",
        "faults",
        "not measured",
        "clean, then not measured",
        "faults, then clean",
        "everything at once",
    ],
)
def test_half_an_hour_shows_the_worst_of_it(
    results: list[tuple[str | None, str]], letter: HalfHour
) -> None:
    seen = [(at(5), value, unit) for value, unit in results]
    assert day_of(seen, START)[0] == letter


moments = st.integers(0, int(DAY.total_seconds())).map(
    lambda seconds: START + timedelta(seconds=seconds)
)
results = st.tuples(
    moments, st.sampled_from([None, "0", "1"]), st.sampled_from(["faults", "ms"])
)


@given(st.lists(results, max_size=80))
def test_a_day_does_not_depend_on_the_order_of_its_results(
    seen: list[tuple[datetime, str | None, str]],
) -> None:
    day = day_of(seen, START)
    assert day == day_of(reversed(seen), START)
    assert len(day) == HALF_HOURS
    faults = any(unit == "faults" and value == "1" for _, value, unit in seen)
    assert (HalfHour.FAULTS in day) is faults


def test_the_worst_of_several_days_is_that_of_each_half_hour() -> None:
    days = ["o.wc" * 12, "..oo" * 12, "ow.w" * 12]
    assert worst_day(days) == "owwc" * 12
    assert worst_day([]) == QUIET_DAY
