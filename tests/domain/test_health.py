"""What each health check says, and that only two of them may fail."""

from __future__ import annotations

from datetime import timedelta

import pytest

from operations.domain.health import (
    MAY_FAIL,
    HealthCheck,
    Status,
    age,
    certificate,
    clock,
    disk,
    heartbeats,
    measured,
    verdict,
    warn,
)

HOUR = timedelta(hours=1)
GB = 1_000_000_000
ALL = [
    *("database", "cache", "worker", "beat", "backup_age", "restore_drill_age"),
    *("audit_log", "disk", "clock", "certificate"),
]


@pytest.mark.parametrize("name", ALL)
def test_only_the_database_and_the_log_may_fail(name: str) -> None:
    if name in {"database", "audit_log"}:
        assert (
            HealthCheck(name=name, status=Status.FAIL, detail="gone").status == "fail"
        )
    else:
        with pytest.raises(ValueError, match=f"{name} may only warn"):
            HealthCheck(name=name, status=Status.FAIL, detail="gone")
    assert {"database", "audit_log"} == MAY_FAIL


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [
        ([], "pass"),
        (["pass"], "pass"),
        (["pass", "warn", "pass"], "warn"),
        (["warn", "fail", "pass"], "fail"),
        (["fail", "warn"], "fail"),
    ],
)
def test_the_verdict_is_the_worst_of_all(statuses: list[str], worst: str) -> None:
    checks = [
        HealthCheck(name="database", status=Status(status), detail="")
        for status in statuses
    ]
    assert verdict(checks) == worst


@pytest.mark.parametrize(
    ("seconds", "status", "detail", "observed"),
    [
        (None, "warn", "there is no backup yet", ""),
        (0.0, "pass", "the last backup is 0 s old", "0"),
        (3600.0, "pass", "the last backup is 1 h old", "3600"),
        (3600.5, "warn", "the last backup is 1 h old", "3600"),
        (86_400.0, "warn", "the last backup is 1 d old", "86400"),
        (-0.5, "pass", "the last backup is 0 s old", "0"),
        (-90.0, "warn", "the last backup is dated 1 min ahead of now", "-90"),
    ],
    ids=[
        *("never", "just now", "at the limit", "just beyond", "long ago"),
        *("done meanwhile", "a clock that was ahead"),
    ],
)
def test_what_is_older_than_its_limit_warns(
    seconds: float | None, status: str, detail: str, observed: str
) -> None:
    check = age("backup_age", seconds, HOUR, "backup")
    assert (check.status, check.detail, check.observed) == (status, detail, observed)


@pytest.mark.parametrize(
    ("ages", "status", "detail", "worst"),
    [
        ({}, "warn", "never gave a sign of life", ""),
        ({"worker@a": 3.0}, "pass", "1 alive", "3"),
        ({"worker@a": 60.0, "worker@b": 1.0}, "pass", "2 alive", "60"),
        ({"worker@a": 61.0}, "warn", "no sign of life from worker@a", "61"),
        (
            {"worker@b": 99.0, "worker@a": 70.0, "worker@c": 1.0},
            "warn",
            "no sign of life from worker@a, worker@b",
            "99",
        ),
        ({"worker@a": -5.0}, "pass", "1 alive", "0"),
    ],
    ids=[
        "nobody ever",
        "one alive",
        "at the limit",
        "one silent",
        "two of three silent",
        "a clock set back",
    ],
)
def test_a_process_silent_for_a_minute_is_named(
    ages: dict[str, float], status: str, detail: str, worst: str
) -> None:
    check = heartbeats("worker", ages)
    assert (check.status, check.detail, check.observed) == (status, detail, worst)


@pytest.mark.parametrize(
    ("free", "total", "status"),
    [
        (100 * GB, 200 * GB, "pass"),
        (9 * GB, 200 * GB, "warn"),
        (11 * GB, 200 * GB, "pass"),
        (2 * GB, 10 * GB, "pass"),
        (GB // 4, 2 * GB, "warn"),
        (0, 0, "warn"),
    ],
    ids=[
        "half of it",
        "few percent and few bytes",
        "few percent of a large disk are enough",
        "a small disk",
        "under half a gigabyte",
        "no disk at all",
    ],
)
def test_a_disk_warns_in_percent_and_in_bytes(
    free: int, total: int, status: str
) -> None:
    check = disk(free, total)
    assert (check.status, check.observed, check.unit) == (status, str(free), "bytes")


@pytest.mark.parametrize(
    ("jump", "status", "shown"),
    [
        (0.0, "pass", "0.0"),
        (-0.01, "pass", "0.0"),
        (5.0, "pass", "5.0"),
        (5.1, "warn", "5.1"),
        (-5.1, "warn", "-5.1"),
        (-3600.0, "warn", "-3600.0"),
    ],
)
def test_a_clock_that_jumped_warns_both_ways(
    jump: float, status: str, shown: str
) -> None:
    check = clock(jump)
    assert (check.status, check.observed, check.unit) == (status, shown, "s")
    assert f"{shown} s away" in check.detail


@pytest.mark.parametrize(
    ("days", "status"), [(90, "pass"), (21, "pass"), (20, "warn"), (-1, "warn")]
)
def test_a_certificate_warns_three_weeks_before_its_end(days: int, status: str) -> None:
    check = certificate(days)
    assert (check.status, check.detail) == (status, f"{days} days left")


def test_a_warning_without_a_figure_shows_none() -> None:
    check = warn("cache", "away")
    assert (check.status, check.observed, check.unit) == ("warn", "", "")


def test_a_figure_has_its_unit() -> None:
    check = measured("cache", "answers", late=False, observed="0.4", unit="ms")
    assert (check.status, check.observed, check.unit) == ("pass", "0.4", "ms")
