"""May requests be sent to this process? And what waiting for an answer costs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from django.db import DatabaseError, OperationalError
from django.test import Client
from django.utils import timezone

from audit import queries as audit
from kernel import http
from operations.models import ProbeResult
from operations.queries import health, ready
from operations.queries.time_limit import TooSlow, within


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    settings.STATE_DIR = tmp_path
    monkeypatch.setattr(ready, "_ready", (float("-inf"), ""))
    return tmp_path


def raising(error: Exception) -> Callable[[], int]:
    def look() -> int:
        raise error

    return look


def test_an_answer_in_time_is_the_answer() -> None:
    assert within(5, lambda: "here") == "here"


@pytest.mark.parametrize("error", [DatabaseError("x"), OSError("x"), ValueError("x")])
def test_what_the_work_raises_is_raised_here(error: Exception) -> None:
    with pytest.raises(type(error)):
        within(5, raising(error))


def test_what_hangs_is_left_behind() -> None:
    never = Event()
    try:
        with pytest.raises(TooSlow, match=r"no answer within 0\.01 s"):
            within(0.01, never.wait)
    finally:
        never.set()


@pytest.mark.parametrize(
    ("look", "reason"),
    [
        (raising(OperationalError("gone")), "the database does not answer"),
        (raising(OSError("gone")), "the database does not answer"),
        (raising(TooSlow("late")), "the database does not answer"),
        (lambda: 3, "3 migrations are not applied"),
        (lambda: 0, ""),
    ],
    ids=["refused", "no socket", "too slow", "not migrated", "ready"],
)
@pytest.mark.django_db
def test_why_no_request_should_come_here(
    client: Client,
    monkeypatch: pytest.MonkeyPatch,
    look: Callable[[], int],
    reason: str,
) -> None:
    monkeypatch.setattr(ready, "within", lambda seconds, work: look())
    answer = client.get("/health/ready")
    assert answer.status_code == (503 if reason else 200)
    assert answer.json().get("output", "") == reason


def test_the_answer_is_kept_for_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    asked: list[float] = []

    def look(seconds: float, work: object) -> int:
        asked.append(now[0])
        return 0

    monkeypatch.setattr("time.monotonic", lambda: now[0])
    monkeypatch.setattr(ready, "within", look)
    for now[0] in (1000.0, 1001.9, 1002.0, 1003.0, 1004.1):
        assert ready.not_ready() == ""
    assert asked == [1000.0, 1002.0, 1004.1]


def test_draining_is_no_question_to_the_database(own_state: Path) -> None:
    (own_state / "draining").touch()
    assert ready.not_ready() == "draining"


def test_one_instance_drains_and_the_other_does_not(
    own_state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own, other = own_state / "own", own_state / "other"
    for folder in (own, other):
        folder.mkdir()
    monkeypatch.setattr(ready, "within", lambda seconds, work: 0)
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(own))
    (other / "draining").touch()
    assert ready._not_ready() == ""
    (own / "draining").touch()
    assert ready._not_ready() == "draining"


# --- the audit log as /health sees it


def verified(value: str | None, size: str | None, **columns: str) -> ProbeResult:
    at = timezone.now()
    return ProbeResult.objects.create(
        name="audit_log",
        params_digest="0",
        definition="0",
        about="running",
        commit="c",
        environment="demo",
        host="h",
        value=value,
        facts={} if size is None else {"size": size},
        started_at=at,
        observed_at=at,
        **columns,
    )


AUDIT: list[tuple[str, int, Any, str, str]] = [
    ("never verified", 2, None, "warn", "not verified yet"),
    ("verified", 2, ("0", "2", {}), "pass", "2 events, all verified"),
    ("grown since", 3, ("0", "2", {}), "pass", "3 events, verified up to event 1"),
    ("shorter than it was", 1, ("0", "2", {}), "fail", "events are missing"),
    (
        "found wrong",
        2,
        ("1", "2", {"detail": "event 1 was changed"}),
        "fail",
        "event 1 was changed",
    ),
    (
        "could not be verified",
        2,
        (None, "0", {"error": "no key"}),
        "warn",
        "not verified: no key",
    ),
    ("verified when it was empty", 1, ("1", "0", {}), "pass", "1 event, new"),
    ("an old result without a size", 1, ("0", None, {}), "pass", "1 event, new"),
]


@pytest.mark.parametrize(
    ("size", "result", "status", "detail"),
    [row[1:] for row in AUDIT],
    ids=[row[0] for row in AUDIT],
)
@pytest.mark.django_db
def test_the_log_is_as_well_as_it_was_last_verified(
    monkeypatch: pytest.MonkeyPatch,
    size: int,
    result: tuple[str | None, str | None, dict[str, str]] | None,
    status: str,
    detail: str,
) -> None:
    class Head:
        pass

    head: Any = Head()
    head.size = size
    monkeypatch.setattr(audit, "head", lambda: head)
    if result is not None:
        value, verified_size, columns = result
        verified(value, verified_size, **columns)
    check = health.audit_log()
    assert (check.status, check.detail, check.observed) == (status, detail, str(size))


@pytest.mark.django_db
def test_a_head_that_does_not_hold_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise ValueError("bad signature")

    monkeypatch.setattr(audit, "head", broken)
    check = health.audit_log()
    assert (check.status, check.detail) == (
        "fail",
        "the head does not hold: bad signature",
    )


@pytest.mark.parametrize(
    ("secure", "days", "status", "detail"),
    [
        (False, None, "pass", "not set: only this machine can ask"),
        (True, None, "warn", "not looked at yet"),
        (True, "60.4", "pass", "60 days left"),
        (True, "3", "warn", "3 days left"),
    ],
    ids=["plain http", "no look yet", "good for long", "soon at its end"],
)
@pytest.mark.django_db
def test_a_certificate_is_as_good_as_its_last_look(
    settings: Any, secure: bool, days: str | None, status: str, detail: str
) -> None:
    settings.SECURE_ORIGIN = secure
    if days is not None:
        verified(days, None)
        ProbeResult.objects.update(name="tls_cert")
    check = health.certificate()
    assert (check.status, check.detail) == (status, detail)


@pytest.mark.django_db
def test_a_database_that_goes_away_meanwhile_fails_and_the_rest_is_left_out(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(at: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(health, "backup_age", gone)
    signed = {http.OWN_HEADER: http.own_signature("/health")}
    answer = client.get("/health", headers=signed)
    assert answer.status_code == 503
    checks = answer.json()["checks"]
    assert set(checks) == {"database", "cache", "broker", "disk", "serve"}
    assert checks["database"][0]["output"] == "went away: gone"


@pytest.mark.django_db
def test_a_check_shows_a_figure_only_where_there_is_one(client: Client) -> None:
    signed = {http.OWN_HEADER: http.own_signature("/health")}
    document = client.get("/health", headers=signed).json()
    (disk,) = document["checks"]["disk"]
    assert set(disk) == {"status", "time", "output", "observedValue", "observedUnit"}
    (worker,) = document["checks"]["worker"]
    assert set(worker) == {"status", "time", "output"}
    assert disk["time"].endswith("Z")
    assert "." not in disk["time"], "whole seconds"
    assert document["releaseId"]


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
@pytest.mark.parametrize("method", ["post", "put", "delete"])
@pytest.mark.django_db
def test_health_is_only_read(client: Client, path: str, method: str) -> None:
    assert getattr(client, method)(path).status_code == 405


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready"])
@pytest.mark.django_db
def test_nobody_keeps_an_answer_about_health(client: Client, path: str) -> None:
    answer = client.get(path)
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Type"] == "application/health+json"
