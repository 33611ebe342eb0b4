"""What is moved aside has a name that PostgreSQL takes whole, and that is known again."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from operations.domain.asides import database_beside, is_beside

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_short_name_stays_and_gets_the_time() -> None:
    assert database_beside("desk", NOON) == "desk_before_20260301t120000z"


@pytest.mark.parametrize(
    "name", ["d", "d" * 38, "d" * 39, "d" * 63, "ö" * 31, "日" * 21]
)
def test_any_name_is_taken_whole_and_known_again(name: str) -> None:
    beside = database_beside(name, NOON)
    assert len(beside.encode()) <= 63
    assert beside.endswith("_before_20260301t120000z")
    assert is_beside(name, beside)


def test_two_long_names_that_begin_alike_are_told_apart() -> None:
    first, second = "d" * 62 + "1", "d" * 62 + "2"
    assert not is_beside(first, database_beside(second, NOON))


@pytest.mark.parametrize(
    "other",
    [
        "desk",
        "desk_before_restore",
        "desk_before_20260301",
        "desk_before_20260301t120000z_copy",
        "other_before_20260301t120000z",
    ],
)
def test_what_somebody_else_named_is_not_ours(other: str) -> None:
    assert not is_beside("desk", other)
