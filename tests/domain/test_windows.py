"""What the web processes counted, as rates: slots, buckets, percentiles."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.domain.windows import (
    BOUNDS_MS,
    WINDOW_SLOTS,
    Counts,
    bucket_of,
    error_percent,
    percent_above,
    percentile_ms,
    slot_of,
    total,
    window_before,
)


def counted(*milliseconds: float, status: int = 200) -> Counts:
    counts = Counts()
    for each in milliseconds:
        counts.add(status=status, seconds=each / 1000)
    return counts


@pytest.mark.parametrize(
    ("epoch", "slot"), [(0.0, 0), (9.999, 0), (10.0, 1), (1_700_000_005.0, 170_000_000)]
)
def test_a_slot_is_ten_seconds(epoch: float, slot: int) -> None:
    assert slot_of(epoch) == slot


@given(st.floats(100, 2_000_000_000))
def test_the_window_ends_before_the_slot_that_is_being_filled(epoch: float) -> None:
    window = window_before(epoch)
    assert len(window) == WINDOW_SLOTS
    assert window[-1] == slot_of(epoch) - 1
    assert window == sorted(window)


@pytest.mark.parametrize(
    ("milliseconds", "bound"),
    [(0, 5), (5, 5), (5.01, 10), (200, 200), (200.1, 500), (1999, 2000), (2000, 2000)],
)
def test_an_answer_counts_under_the_first_bound_not_below_it(
    milliseconds: float, bound: int
) -> None:
    assert BOUNDS_MS[bucket_of(milliseconds / 1000)] == bound


def test_what_is_slower_than_every_bound_has_a_bucket_of_its_own() -> None:
    assert bucket_of(2.001) == len(BOUNDS_MS)
    assert len(Counts().buckets) == len(BOUNDS_MS) + 1


@pytest.mark.parametrize(
    ("status", "errors"), [(200, 0), (302, 0), (404, 0), (499, 0), (500, 1), (503, 1)]
)
def test_only_our_own_faults_are_errors(status: int, errors: int) -> None:
    assert counted(1, status=status).errors == errors


@pytest.mark.parametrize(
    ("errors", "requests", "percent"),
    [(0, 0, "0"), (0, 10, "0.00"), (1, 3, "33.33"), (2, 3, "66.67"), (5, 5, "100.00")],
)
def test_errors_are_a_share_of_the_requests(
    errors: int, requests: int, percent: str
) -> None:
    counts = Counts(requests=requests, errors=errors)
    assert error_percent(counts) == Decimal(percent)


@pytest.mark.parametrize(
    ("bound", "percent"),
    [(5, "100.00"), (100, "50.00"), (500, "25.00"), (2000, "25.00")],
)
def test_how_many_are_slower_than_a_bound_is_known_exactly(
    bound: int, percent: str
) -> None:
    assert percent_above(counted(20, 90, 300, 9000), bound) == Decimal(percent)


@pytest.mark.parametrize("bound", [0, 1, 300, 501, 3000])
def test_between_bounds_nothing_is_known(bound: int) -> None:
    with pytest.raises(ValueError, match=r"tuple\.index"):
        percent_above(counted(20), bound)


@pytest.mark.parametrize(
    ("milliseconds", "percentile"),
    [
        ([], None),
        ([3], 5),
        ([3] * 19 + [900], 5),
        ([3] * 18 + [900] * 2, 1000),
        ([9000] * 20, None),
        ([3] * 95 + [9000] * 5, 5),
        ([3] * 94 + [9000] * 6, None),
    ],
    ids=[
        "no requests",
        "one request",
        "exactly 95 % are quick",
        "90 % are quick",
        "all beyond the last bound",
        "95 of 100",
        "94 of 100",
    ],
)
def test_the_percentile_is_the_bound_that_95_percent_stay_under(
    milliseconds: list[float], percentile: int | None
) -> None:
    assert percentile_ms(counted(*milliseconds), Decimal("0.95")) == percentile


def test_fields_leave_out_what_is_nought() -> None:
    assert Counts().as_fields() == {}
    assert counted(3, 3, 9000).as_fields() == {"n": 3, "b0": 2, "b9": 1}


@pytest.mark.parametrize(
    ("slots", "requests", "read"),
    [([], 0, 0), ([{}], 0, 1), ([{}, {"n": 2, "b0": 2}, {}], 2, 3), ([{"x": 9}], 0, 1)],
    ids=["nothing read", "an idle slot", "one of three", "a field of the future"],
)
def test_an_empty_slot_that_was_read_counts_as_read(
    slots: list[dict[str, int]], requests: int, read: int
) -> None:
    counts = total(slots)
    assert (counts.requests, counts.slots_read) == (requests, read)


@given(
    st.lists(st.tuples(st.sampled_from([200, 404, 500]), st.floats(0, 5)), max_size=60)
)
def test_slots_add_up_like_one_count(requests: list[tuple[int, float]]) -> None:
    whole, parts = Counts(), [Counts() for _ in range(3)]
    for index, (status, seconds) in enumerate(requests):
        whole.add(status=status, seconds=seconds)
        parts[index % 3].add(status=status, seconds=seconds)
    summed = total([part.as_fields() for part in parts])
    assert (summed.requests, summed.errors, summed.buckets) == (
        whole.requests,
        whole.errors,
        whole.buckets,
    )
    assert summed.slots_read == 3


def test_the_window_is_the_last_six_complete_slots() -> None:
    assert window_before(100.0) == [4, 5, 6, 7, 8, 9]
    assert window_before(109.9) == [4, 5, 6, 7, 8, 9]
