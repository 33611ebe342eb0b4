"""Which backups are kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.domain.retention import BUCKETS, BadRetention, Copy, expired, parse

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def copies(*ages: timedelta, unverified: tuple[int, ...] = ()) -> list[Copy]:
    """Numbered from 0 in the order given."""
    return [Copy(pk, NOON - age, pk not in unverified) for pk, age in enumerate(ages)]


def test_a_retention_is_read() -> None:
    assert parse("24h,7d,4w,12m") == {"h": 24, "d": 7, "w": 4, "m": 12}
    assert parse(" 3d ") == {"d": 3}


@pytest.mark.parametrize(
    "text", ["", "never", "24", "0d", "3d,3d", "1y", "3d;4w", "3d,"]
)
def test_what_is_none_says_what_one_looks_like(text: str) -> None:
    with pytest.raises(BadRetention, match="24h,7d,4w,12m"):
        parse(text)


def test_the_newest_of_each_hour_day_week_and_month_stay() -> None:
    every_half_hour = copies(*(n * HOUR / 2 for n in range(2 * 24 * 400)))
    gone = set(expired(every_half_hour, parse("24h,7d,4w,12m")))
    kept = [copy.at for copy in every_half_hour if copy.pk not in gone]
    assert len(kept) == 24 + 5 + 2 + 10, "the newest stand for several"
    assert kept[0] == NOON
    assert kept[-1] == datetime(2025, 6, 30, 23, 30, tzinfo=UTC)


def test_a_product_that_slept_keeps_what_it_has() -> None:
    old = copies(100 * DAY, 101 * DAY, 400 * DAY)
    assert expired(old, parse("24h,7d,4w,12m")) == []


def test_the_newest_verified_one_never_goes() -> None:
    hours = copies(0 * HOUR, 1 * HOUR, 2 * HOUR, 3 * HOUR, unverified=(0, 1))
    assert expired(hours, parse("1h")) == [1, 3]
    assert expired([], parse("1h")) == []


@given(
    st.lists(st.tuples(st.integers(0, 20_000), st.booleans()), max_size=60),
    st.dictionaries(st.sampled_from("hdwm"), st.integers(1, 5), min_size=1),
)
def test_what_goes_is_never_the_newest_of_its_time(
    ages: list[tuple[int, bool]], counts: dict[str, int]
) -> None:
    rows = [Copy(n, NOON - age * HOUR, ok) for n, (age, ok) in enumerate(ages)]
    gone = set(expired(rows, counts))
    left = [row for row in rows if row.pk not in gone]
    verified = [row for row in rows if row.verified]
    assert bool(left) == bool(rows)
    if verified:
        assert max(row.at for row in left if row.verified) == max(
            row.at for row in verified
        )
    for unit, count in counts.items():
        times = {BUCKETS[unit](row.at) for row in rows}
        kept = {BUCKETS[unit](row.at) for row in left}
        assert set(sorted(times, reverse=True)[:count]) <= kept
    assert expired(left, counts) == []
