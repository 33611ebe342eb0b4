"""When a job is due, by rule and by property."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.domain.schedules import BadSchedule, parse, step, write

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
moments = st.integers(946_684_800, 4_102_444_800).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
schedules = st.one_of(
    st.builds("every {}{}".format, st.integers(1, 500), st.sampled_from("smhd")),
    st.builds("daily {:02}:{:02} UTC".format, st.integers(0, 23), st.integers(0, 59)),
).map(parse)


@pytest.mark.parametrize(
    "text",
    ["every 0m", "every m", "every 5 m", "daily 24:00 UTC", "daily 02:00", "hourly"],
)
def test_what_is_no_schedule_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(BadSchedule, match="every 10m"):
        parse(text)


def test_nothing_is_a_schedule_on_request() -> None:
    assert parse("") is None


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(10, "every 10s"), (90, "every 90s"), (600, "every 10m"), (86_400, "every 1d")],
)
def test_a_period_is_written_in_its_largest_unit(seconds: int, text: str) -> None:
    assert write(timedelta(seconds=seconds)) == text


def test_a_new_job_is_due_at_once_and_a_daily_one_at_its_time() -> None:
    every, daily = parse("every 10m"), parse("daily 02:00 UTC")
    assert every
    assert daily
    assert step(every, None, NOW).due == NOW
    assert step(daily, None, NOW).following == datetime(2026, 3, 5, 2, tzinfo=UTC)


def test_missed_slots_collapse_into_the_latest() -> None:
    every = parse("every 10m")
    assert every
    slot = step(every, NOW - timedelta(minutes=35), NOW)
    assert slot.due == NOW - timedelta(minutes=5)
    assert slot.following == NOW + timedelta(minutes=5)


def test_a_clock_set_back_pulls_the_next_slot_back() -> None:
    every = parse("every 10m")
    assert every
    slot = step(every, NOW + timedelta(hours=5), NOW)
    assert slot.due is None
    assert slot.following == NOW + timedelta(minutes=10)


@given(schedules, moments, st.timedeltas(timedelta(days=-900), timedelta(days=900)))
def test_the_next_slot_is_always_ahead_and_never_more_than_a_period(
    schedule, now, offset
) -> None:
    slot = step(schedule, now + offset, now)
    assert now < slot.following <= now + schedule.period or slot.following == now
    if slot.due:
        assert now - schedule.period < slot.due <= now


@given(schedules, moments)
def test_a_second_look_at_the_same_moment_finds_nothing_more(schedule, now) -> None:
    first = step(schedule, now, now)
    assert step(schedule, first.following, now).due is None
