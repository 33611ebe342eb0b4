"""What each rule reads, and which thresholds can be measured."""

from __future__ import annotations

from decimal import Decimal

import pytest

from operations.domain import rules, windows


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
    at_limit = rules.read_error_rate(counted(fine=95, failed=5), Decimal(5))
    above = rules.read_error_rate(counted(fine=94, failed=6), Decimal(5))
    assert (at_limit.value, at_limit.breached) == (Decimal("5.00"), False)
    assert above.breached


def test_an_idle_site_never_breaches() -> None:
    assert not rules.read_error_rate(counted(failed=19), Decimal(5)).breached
    assert rules.read_error_rate(counted(), Decimal(5)).value == 0
    assert not rules.read_latency(counted(slow=19), Decimal(500)).breached


def test_latency_breaches_when_more_than_five_percent_are_slower() -> None:
    assert not rules.read_latency(counted(fine=95, slow=5), Decimal(500)).breached
    slow = rules.read_latency(counted(fine=90, slow=10), Decimal(500))
    assert slow.breached
    assert slow.value == 1000


@pytest.mark.parametrize(
    ("rule", "value", "shown"),
    [
        ("latency-p95", "5", "0–5 ms"),
        ("latency-p95", "10.0000", "5–10 ms"),
        ("latency-p95", "2000", "1,000–2,000 ms"),
        ("latency-p95", "2001", "over 2,000 ms"),
        ("latency-p95", "0", "0 ms"),
        ("memory", "91.5000", "91.5 %"),
        ("database", "1", "1 failure"),
        ("database", "1200", "1,200 failures"),
        ("moon-phase", "0.5", "0.5"),
        ("memory", None, "no value"),
    ],
)
def test_a_figure_has_its_unit_and_p95_is_a_range(
    rule: str, value: str | None, shown: str
) -> None:
    assert rules.figure(rule, Decimal(value) if value else None) == shown


def test_a_p95_above_the_last_bound_is_not_called_the_last_bound() -> None:
    counts = windows.Counts(requests=20, slots_read=6)
    counts.buckets[-1] = 20
    seen = rules.read_latency(counts, Decimal(500)).value
    assert rules.figure("latency-p95", seen) == "over 2,000 ms"
    assert rules.amount("latency-p95", Decimal(2000)) == "2,000 ms"


def test_unreadable_counters_are_no_data() -> None:
    assert rules.read_error_rate(None, Decimal(5)).value is None
    assert rules.read_latency(None, Decimal(500)).value is None


@pytest.mark.parametrize(
    ("rule", "threshold", "why"),
    [
        ("memory", "100", "percentage"),
        ("disk-full", "100", "percentage"),
        ("memory", "-1", "negative"),
        ("latency-p95", "300", "bounds"),
        ("database", "0.5", "whole"),
        ("error-rate", "0.00001", "decimals"),
    ],
)
def test_a_threshold_that_means_nothing_is_refused(
    rule: str, threshold: str, why: str
) -> None:
    assert why in (rules.threshold_problem(rule, Decimal(threshold)) or "")


@pytest.mark.parametrize(
    ("rule", "threshold"),
    [
        ("memory", "0.1"),
        ("latency-p95", "500.0000"),
        ("database", "0"),
        ("database", "10"),
        ("restore-drill-stale", "25"),
        ("worker-stale", "3600"),
    ],
)
def test_a_sensible_threshold_is_taken(rule: str, threshold: str) -> None:
    assert rules.threshold_problem(rule, Decimal(threshold)) is None
