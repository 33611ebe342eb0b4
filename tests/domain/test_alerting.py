from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.domain import alerting, windows
from operations.domain.alerting import AlertTimes, Change, Reading, step

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def high(value: int = 9) -> Reading:
    return Reading("memory", "host", Decimal(value), breached=True)


LOW = Reading("memory", "host", Decimal(1))
NO_DATA = Reading("memory", "host", None)
PENDING = AlertTimes(pending_at=NOON)
FIRING = AlertTimes(pending_at=NOON, fired_at=after(30))


def test_a_breach_opens_a_pending_alert() -> None:
    assert step(None, high(), for_seconds=30, at=NOON) is Change.OPEN


def test_a_pending_alert_fires_only_after_its_wait() -> None:
    assert step(PENDING, high(), for_seconds=30, at=after(29)) is Change.STILL
    assert step(PENDING, high(), for_seconds=30, at=after(30)) is Change.FIRE


def test_a_pending_alert_that_falls_below_ends_without_firing() -> None:
    assert step(PENDING, LOW, for_seconds=30, at=after(10)) is Change.RESOLVE


def test_a_firing_alert_resolves_after_thirty_seconds_below() -> None:
    assert step(FIRING, LOW, for_seconds=30, at=after(60)) is Change.BELOW
    below = AlertTimes(pending_at=NOON, fired_at=after(30), below_since=after(60))
    assert step(below, LOW, for_seconds=30, at=after(89)) is Change.NOTHING
    assert step(below, LOW, for_seconds=30, at=after(90)) is Change.RESOLVE
    assert step(below, high(), for_seconds=30, at=after(90)) is Change.STILL


def test_a_breach_soon_after_resolving_reopens_the_same_alert() -> None:
    ended = AlertTimes(pending_at=NOON, fired_at=after(30), resolved_at=after(100))
    assert step(ended, high(), for_seconds=30, at=after(699)) is Change.REOPEN
    assert step(ended, high(), for_seconds=30, at=after(700)) is Change.OPEN
    never_fired = AlertTimes(pending_at=NOON, resolved_at=after(100))
    assert step(never_fired, high(), for_seconds=30, at=after(101)) is Change.OPEN


@given(st.sampled_from([None, PENDING, FIRING]), st.integers(0, 100_000))
def test_no_data_neither_fires_nor_resolves(
    times: AlertTimes | None, seconds: int
) -> None:
    assert step(times, NO_DATA, for_seconds=30, at=after(seconds)) is Change.NOTHING


def counted(*, fine: int = 0, failed: int = 0, slow: int = 0) -> windows.Counts:
    counts = windows.Counts()
    for _ in range(fine):
        counts.add(status=200, seconds=0.02)
    for _ in range(failed):
        counts.add(status=503, seconds=0.02)
    for _ in range(slow):
        counts.add(status=200, seconds=0.7)
    return counts


def test_exactly_five_percent_of_errors_does_not_breach() -> None:
    at_limit = alerting.read_error_rate(counted(fine=95, failed=5), Decimal(5))
    above = alerting.read_error_rate(counted(fine=94, failed=6), Decimal(5))
    assert (at_limit.value, at_limit.breached) == (Decimal("5.00"), False)
    assert above.breached


def test_an_idle_site_never_breaches() -> None:
    assert not alerting.read_error_rate(counted(failed=19), Decimal(5)).breached
    assert alerting.read_error_rate(counted(), Decimal(5)).value == 0
    assert not alerting.read_latency(counted(slow=19), Decimal(500)).breached


def test_latency_breaches_when_more_than_five_percent_are_slower() -> None:
    assert not alerting.read_latency(counted(fine=95, slow=5), Decimal(500)).breached
    slow = alerting.read_latency(counted(fine=90, slow=10), Decimal(500))
    assert slow.breached
    assert slow.value == 1000


def test_unreadable_counters_are_no_data() -> None:
    assert alerting.read_error_rate(None, Decimal(5)).value is None
    assert alerting.read_latency(None, Decimal(500)).value is None


@pytest.mark.parametrize(
    ("rule", "threshold", "why"),
    [
        ("memory", "100.1", "percentage"),
        ("memory", "-1", "negative"),
        ("latency-p95", "300", "bounds"),
        ("database", "0.5", "whole"),
        ("error-rate", "0.00001", "decimals"),
    ],
)
def test_a_threshold_that_means_nothing_is_refused(
    rule: str, threshold: str, why: str
) -> None:
    assert why in (alerting.threshold_problem(rule, Decimal(threshold)) or "")


@pytest.mark.parametrize(
    ("rule", "threshold"),
    [("memory", "0.1"), ("latency-p95", "500.0000"), ("database", "0")],
)
def test_a_sensible_threshold_is_taken(rule: str, threshold: str) -> None:
    assert alerting.threshold_problem(rule, Decimal(threshold)) is None


@given(
    st.lists(st.tuples(st.sampled_from([200, 404, 500]), st.floats(0, 5)), max_size=60)
)
def test_slots_add_up_like_one_count(requests: list[tuple[int, float]]) -> None:
    whole, parts = windows.Counts(), [windows.Counts() for _ in range(3)]
    for index, (status, seconds) in enumerate(requests):
        whole.add(status=status, seconds=seconds)
        parts[index % 3].add(status=status, seconds=seconds)
    summed = windows.total([part.as_fields() for part in parts])
    assert (summed.requests, summed.errors, summed.buckets) == (
        whole.requests,
        whole.errors,
        whole.buckets,
    )
    assert summed.slots_read == 3


def test_the_window_is_the_last_six_complete_slots() -> None:
    assert windows.window_before(100.0) == [4, 5, 6, 7, 8, 9]
    assert windows.window_before(109.9) == [4, 5, 6, 7, 8, 9]
