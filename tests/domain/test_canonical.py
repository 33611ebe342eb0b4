"""Canonical JSON: one way to write, and no numbers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from audit.domain.canonical import jcs, stamp


def test_keys_are_sorted_and_nothing_is_added() -> None:
    assert jcs({"b": [True, None], "a": "é"}) == '{"a":"é","b":[true,null]}'.encode()


@pytest.mark.parametrize("number", [1, 0.5, 2**70])
def test_a_number_is_refused_and_its_place_named(number: object) -> None:
    with pytest.raises(ValueError, match="/data/0 is"):
        jcs({"data": [number]})


def test_times_are_written_in_utc_to_the_microsecond() -> None:
    berlin = timezone(timedelta(hours=1))

    assert stamp(datetime(2026, 1, 2, 4, 5, tzinfo=berlin)) == (
        "2026-01-02T03:05:00.000000Z"
    )
    assert stamp(datetime(2026, 1, 2, 3, 5, 0, 7, tzinfo=UTC)).endswith("00.000007Z")


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        stamp(datetime(2026, 1, 2))  # noqa: DTZ001
