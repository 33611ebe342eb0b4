"""What is kept of many measurements, and of the records that were made of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from operations.domain.keeping import ALL_KEPT, SOME_KEPT, Sample, superfluous
from readiness.domain.keeping import OldRecord, forgettable

NOW = datetime(2026, 5, 4, 12, 30, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def samples(*ages_and_words: tuple[timedelta, str]) -> list[Sample]:
    """Oldest first, numbered from 0."""
    return [
        Sample(pk, NOW - age, said) for pk, (age, said) in enumerate(ages_and_words)
    ]


def test_what_is_young_is_kept_whole() -> None:
    young = samples(*((minutes * MINUTE, "0") for minutes in range(2_880, 0, -1)))
    assert superfluous(young, NOW) == []


def test_of_an_old_hour_the_first_and_the_changes_stay() -> None:
    hour = 3 * DAY
    old = samples(
        (hour + 30 * MINUTE, "0"),  # the first of 12:00
        (hour + 20 * MINUTE, "0"),
        (hour + 10 * MINUTE, "1"),
        (hour + 5 * MINUTE, "1"),
        (hour + 2 * MINUTE, "0"),
        (hour - 40 * MINUTE, "0"),  # the first of 13:00
        (hour - 50 * MINUTE, "0"),
        (MINUTE, "0"),
    )
    assert superfluous(old, NOW) == [1, 3, 6]


def test_after_forty_days_only_the_newest_stays() -> None:
    old = samples((60 * DAY, "0"), (50 * DAY, "1"), (41 * DAY, "0"))
    assert superfluous(old, NOW) == [0, 1]
    assert superfluous(old[2:], NOW) == []
    assert superfluous([], NOW) == []


walks = st.lists(st.tuples(st.integers(1, 90_000), st.sampled_from("ab")), max_size=40)


@given(walks)
def test_what_stays_is_the_same_however_often_it_is_asked(
    walk: list[tuple[int, str]],
) -> None:
    ages = sorted(((minutes * MINUTE, said) for minutes, said in walk), reverse=True)
    rows = samples(*ages)
    gone = set(superfluous(rows, NOW))
    left = [row for row in rows if row.pk not in gone]
    assert superfluous(left, NOW) == []
    assert not rows or rows[-1] in left
    for row in rows:
        age = NOW - row.at
        assert age > ALL_KEPT or row in left
        assert age <= SOME_KEPT or row not in left or row is rows[-1]


def records(*verdicts: str) -> list[OldRecord]:
    """One a day, oldest first, numbered from 0."""
    return [
        OldRecord(pk, NOW + pk * DAY, verdict) for pk, verdict in enumerate(verdicts)
    ]


def test_a_record_stays_where_the_verdict_changed() -> None:
    old = records("error", "pass", "pass", "error", "pass", "fail", "fail", "pass")
    assert forgettable(old, signed_at=[]) == [0, 2, 3, 4, 6]
    assert forgettable([], signed_at=[NOW]) == []


def test_what_stood_when_somebody_signed_stays() -> None:
    old = records("pass", "pass", "pass", "error", "pass")
    signed = [NOW + 2.5 * DAY, NOW + 3.5 * DAY, NOW - DAY]
    assert forgettable(old, signed_at=signed) == [1, 3, 4]
