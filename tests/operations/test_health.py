"""Health: who sees what, and which troubles are only warnings."""

from __future__ import annotations

from datetime import timedelta
from time import perf_counter, time
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.db import OperationalError
from django.utils import timezone

from accounts.services import tokens
from kernel import build, http, redis
from operations.models import Backup, Heartbeat, ProbeResult
from operations.queries import health, ready
from operations.services import heartbeats


@pytest.fixture(autouse=True)
def asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ready, "_ready", (float("-inf"), ""))


def own_health(client):
    """All checks, looked at now."""
    health._newest = (float("-inf"), [])
    return client.get(
        "/health", headers={http.OWN_HEADER: http.own_signature("/health")}
    )


@pytest.mark.django_db
def test_anonymous_sees_the_status_only(client) -> None:
    answer = client.get("/health")
    assert answer.status_code == 200
    assert set(answer.json()) == {"status"}
    assert answer["Content-Type"] == "application/health+json"


@pytest.mark.django_db
def test_who_may_read_operations_sees_every_check(person, client_of) -> None:
    answer = client_of(person("olga", "Operator")).get("/health").json()
    assert set(answer["checks"]) == {
        *("database", "cache", "worker", "beat", "backup_age", "restore_drill_age"),
        *("audit_log", "disk", "clock", "certificate"),
        *("broker", "watch", "alerting", "paging", "jobs", "serve", "silences"),
    }


@pytest.mark.django_db
def test_a_token_shows_what_its_owner_may_see(person, client) -> None:
    for name, role, shown in (("olga", "Operator", True), ("tom", "Trader", False)):
        bearer = f"Bearer {tokens.issue(person(name, role)).access}"
        answer = client.get("/health", headers={"Authorization": bearer})
        assert answer.status_code == 200
        assert ("checks" in answer.json()) is shown
    forged = client.get("/health", headers={"Authorization": "Bearer a.b.c"})
    assert (forged.status_code, set(forged.json())) == (200, {"status"})


@pytest.mark.django_db
def test_a_trader_sees_the_status_only(person, client_of) -> None:
    assert "checks" not in client_of(person("tom", "Trader")).get("/health").json()


@pytest.mark.django_db
def test_it_names_the_commit_of_the_process(client) -> None:
    answer = client.get("/health")
    assert answer["X-RRR-Commit"] == build.running().commit
    assert answer["X-RRR-Clean"] in {"true", "false"}


@pytest.mark.django_db
def test_a_database_that_does_not_answer_is_a_503(client, monkeypatch) -> None:
    def gone() -> float:
        raise OperationalError("gone")

    monkeypatch.setattr(health, "_select_one", gone)
    answer = own_health(client)
    assert (answer.status_code, answer.json()["status"]) == (503, "fail")


@pytest.mark.django_db
def test_a_database_that_hangs_is_a_503_after_a_second(client, monkeypatch) -> None:
    from threading import Event

    never = Event()
    monkeypatch.setattr(health, "_select_one", lambda: never.wait(5) or 0.0)
    monkeypatch.setattr(health, "DATABASE_SECONDS", 0.05)
    assert client.get("/health").status_code == 503
    never.set()


@pytest.mark.django_db
def test_however_many_ask_one_looks_a_second(client, monkeypatch) -> None:
    looked, clock = [], [100.0]

    def look() -> float:
        looked.append(clock[0])
        return 1.0

    monkeypatch.setattr(health, "_select_one", look)
    stopped = SimpleNamespace(monotonic=lambda: clock[0], perf_counter=perf_counter)
    stopped.time = time
    monkeypatch.setattr(health, "time", stopped)
    for now in (100.0, 100.5, 100.999, 101.0, 101.5):
        clock[0] = now
        assert client.get("/health").status_code == 200
    assert looked == [100.0, 101.0]


@pytest.mark.django_db
def test_redis_down_is_a_warning(client, monkeypatch) -> None:
    def refused() -> None:
        raise redis.FAILURES[0]("refused")

    monkeypatch.setattr(redis, "client", refused)
    answer = own_health(client)
    assert answer.status_code == 200
    assert answer.json()["checks"]["cache"][0]["status"] == "warn"


@pytest.mark.django_db
def test_workers_pass_while_they_show_life(client) -> None:
    at = timezone.now()
    heartbeats.beat(Heartbeat.Kind.WORKER, at, role="tick")
    fresh = own_health(client).json()["checks"]["worker"][0]["status"]
    heartbeats.beat(Heartbeat.Kind.WORKER, at - timedelta(seconds=61), role="tick")
    stale = own_health(client).json()["checks"]["worker"][0]["status"]
    assert (fresh, stale) == ("pass", "warn")


@pytest.mark.django_db
def test_a_log_shorter_than_it_was_is_a_503(client) -> None:
    at = timezone.now()
    ProbeResult.objects.create(
        name="audit_log",
        params_digest="0",
        definition="0",
        about="running",
        commit="c",
        environment=settings.RRR_ENV,
        host="h",
        value="0",
        facts={"size": "1000"},
        started_at=at,
        observed_at=at,
    )
    answer = own_health(client)
    assert answer.status_code == 503
    assert answer.json()["checks"]["audit_log"][0]["output"] == "events are missing"


def test_live_asks_nothing(client) -> None:
    """Without the database mark any query would be an error."""
    answer = client.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"status": "pass"})


@pytest.mark.django_db
def test_ready_when_the_database_is_there_and_migrated(client) -> None:
    assert client.get("/health/ready").status_code == 200


@pytest.mark.django_db
def test_not_ready_while_migrations_are_missing(client, monkeypatch) -> None:
    monkeypatch.setattr(ready, "_unapplied", lambda: 2)
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert "2 migrations" in answer.json()["output"]


@pytest.mark.django_db
def test_not_ready_while_draining(client) -> None:
    flag = settings.STATE_DIR / "draining"
    flag.touch()
    try:
        assert client.get("/health/ready").status_code == 503
    finally:
        flag.unlink()


@pytest.mark.django_db
def test_a_balancer_knows_only_the_address(client) -> None:
    for path in ("/health", "/health/live", "/health/ready"):
        assert client.get(path, headers={"Host": "10.0.0.7:8000"}).status_code == 200
    for path in ("/", "/health/liveness", "/metrics"):
        assert client.get(path, headers={"Host": "10.0.0.7:8000"}).status_code == 400


@pytest.mark.django_db
def test_a_trailing_slash_is_served_too(client) -> None:
    assert client.get("/health/").status_code == 200
    assert client.get("/health/ready/").status_code == 200


@pytest.mark.django_db
def test_metrics_are_for_token_holders_and_operators(person, client_of, client) -> None:
    assert client.get("/metrics").status_code == 401
    assert client_of(person("tom", "Trader")).get("/metrics").status_code == 403
    assert client_of(person("olga", "Operator")).get("/metrics").status_code == 200
    wrong = {"Authorization": f"Bearer {settings.METRICS_TOKEN}x"}
    assert client.get("/metrics", headers=wrong).status_code == 401


@pytest.mark.django_db
def test_metrics_hold_what_the_database_knows(client) -> None:
    from audit.services import append

    append("operations.test.done", actor="system", object="test:1", data={})
    heartbeats.beat(Heartbeat.Kind.WORKER, timezone.now(), role="tick")
    bearer = {"Authorization": f"Bearer {settings.METRICS_TOKEN}"}
    text = client.get("/metrics", headers=bearer).content.decode()
    assert "rrr_database_up 1.0" in text
    assert "audit_log_size 2.0" in text
    assert "rrr_heartbeat_age_seconds{process=" in text
    assert "django_http_requests" in text


@pytest.mark.django_db
def test_metrics_answer_without_the_database(client, monkeypatch) -> None:
    def gone() -> None:
        raise OperationalError("gone")

    monkeypatch.setattr("operations.queries.figures.audit.head", gone)
    bearer = {"Authorization": f"Bearer {settings.METRICS_TOKEN}"}
    answer = client.get("/metrics", headers=bearer)
    assert answer.status_code == 200
    assert "rrr_database_up 0.0" in answer.content.decode()
    assert "audit_log_size" not in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("hours", "status"), [(1, "pass"), (13, "pass"), (14, "warn"), (26, "warn")]
)
def test_a_backup_is_late_a_tenth_after_its_time(settings, hours, status) -> None:
    settings.BACKUP_FREQUENCY = timedelta(hours=12)
    now = timezone.now()
    taken = now - timedelta(hours=hours)
    Backup.objects.create(
        engine="sqlite", status="verified", started_at=taken, finished_at=taken
    )
    assert health.backup_age(now).status == status


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, "pass"),
        ({"BIND": "0.0.0.0"}, "warn"),  # noqa: S104 - what is asked about
        ({"SERIOUS": True}, "warn"),
        ({"TRUSTED_PROXY_COUNT": 1}, "warn"),
        ({"PUBLIC_ORIGIN": "http://desk.example.com"}, "warn"),
    ],
)
def test_plain_http_is_no_warning_where_only_this_machine_asks(
    settings, changed, status
) -> None:
    for name, value in {
        "BIND": "127.0.0.1",
        "SERIOUS": False,
        "TRUSTED_PROXY_COUNT": 0,
        "PUBLIC_ORIGIN": "",
        "SECURE_ORIGIN": False,
        **changed,
    }.items():
        setattr(settings, name, value)
    assert health.certificate().status == status
