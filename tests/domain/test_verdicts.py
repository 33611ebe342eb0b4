"""From a measurement to a verdict, with its reason."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.registry import Measurement
from readiness.domain.verdicts import (
    due_at,
    judge,
    repeated_at,
    unavailable,
    unproving,
    valid_until,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def saw(
    value: str | None, detail: str = "", unit: str = "", error: str = ""
) -> Measurement:
    return Measurement(value, detail, unit, error=error)


@pytest.mark.parametrize(
    ("value", "threshold", "wanted"),
    [
        ("0", None, "pass"),
        ("0.0", None, "pass"),
        ("1", None, "fail"),
        ("49.9", "< 50", "pass"),
        ("50", "< 50", "fail"),
        ("64", ">= 64", "pass"),
        ("63", ">= 64", "fail"),
        ("0.05", "<= 0.05", "pass"),
        ("0.0500000000000000001", "<= 0.05", "fail"),
        ("80.1", "> 80", "pass"),
        ("80", "> 80", "fail"),
        ("wal", "== wal", "pass"),
        ("delete", "== wal", "fail"),
        ("delete", "!= wal", "pass"),
        ("1e2", "== 100", "pass"),
        (" wal ", "==wal", "pass"),
    ],
)
def test_thresholds(value: str, threshold: str | None, wanted: str) -> None:
    assert judge(saw(value), threshold).verdict == wanted


@pytest.mark.parametrize(
    ("measurement", "threshold", "words"),
    [
        (saw(None, error="needs TLS"), None, "needs TLS"),
        (saw("0", error="timed out"), None, "timed out"),
        (saw(None), None, "nothing was measured"),
        (saw("wal"), "< 50", "'wal' cannot be compared with < 50"),
        (saw("NaN"), "< 50", "cannot be compared"),
        (saw("7"), "about 50", "'about 50' cannot be read"),
        (saw("7"), "<", "cannot be read"),
    ],
)
def test_what_cannot_be_judged_is_an_error_that_says_why(
    measurement: Measurement, threshold: str | None, words: str
) -> None:
    found = judge(measurement, threshold)
    assert found.verdict == "error"
    assert words in found.reason


def test_the_reason_of_a_fault_count_is_what_was_seen() -> None:
    assert judge(saw("2", "2 headers missing"), None).reason == "2 headers missing"
    assert judge(saw("2"), None).reason == "2 faults"


def test_the_reason_of_a_threshold_names_value_unit_and_rule() -> None:
    found = judge(saw("61", "at the 95th percentile", "ms"), "< 50")
    assert found.reason == "61 ms, not as required (< 50): at the 95th percentile"


def test_a_missing_probe_is_an_error_that_names_it() -> None:
    assert unavailable("load").reason == "probe load is not available"
    assert unavailable("load").verdict == "error"


def test_a_changed_tree_proves_nothing() -> None:
    assert unproving(clean=False).reason == "the tree differs from its commit"
    assert unproving(clean=False).verdict == "error"


def test_freshness_and_grace_add_up() -> None:
    assert valid_until(NOON, 3600, 60) == NOON + timedelta(seconds=3660)


@pytest.mark.parametrize(
    ("verdict", "freshness", "wanted"),
    [
        ("pass", 3600, 1800),
        ("fail", 3600, 300),
        ("error", 3600, 60),
        ("pass", 60, 15),
        ("fail", 60, 15),
        ("pass", 30, 0),
    ],
)
def test_checks_are_due_before_they_go_out_of_date(
    verdict: str, freshness: int, wanted: int
) -> None:
    assert due_at(verdict, NOON, freshness) == NOON + timedelta(seconds=wanted)


@pytest.mark.parametrize(
    ("said_for", "wanted"),
    [(0, 60), (60, 60), (240, 240), (1800, 1800), (7200, 3600), (10**6, 3600)],
)
def test_the_same_inability_is_asked_about_ever_less_often(
    said_for: int, wanted: int
) -> None:
    since = NOON - timedelta(seconds=said_for)
    assert due_at("error", NOON, 86_400, since) == NOON + timedelta(seconds=wanted)
    assert due_at("error", NOON, 60, since) == repeated_at(NOON, 60)
    assert due_at("fail", NOON, 86_400, since) == NOON + timedelta(seconds=300)


numbers = st.decimals(allow_nan=False, allow_infinity=False, places=6)


@given(numbers, numbers)
def test_opposite_thresholds_never_agree(value: Decimal, limit: Decimal) -> None:
    below = judge(saw(str(value)), f"< {limit}").verdict
    above = judge(saw(str(value)), f">= {limit}").verdict
    assert {below, above} == {"pass", "fail"}


@given(st.text(), st.none() | st.text())
def test_no_text_breaks_the_judge(value: str, threshold: str | None) -> None:
    assert judge(saw(value), threshold).verdict in {"pass", "fail", "error"}
