"""Alerts as people and clients meet them, on real Redis and the real database."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core import mail
from django.test import Client

from accounts.models import User
from audit.models import AuditEvent
from kernel.redis import client
from operations.domain.alerting import Reading
from operations.domain.seeds import SEEDS
from operations.models import Alert, Minute, Notice, Rule
from operations.services import alerting, counters, delivery, memory, minutes

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
Person = Callable[..., User]
ClientOf = Callable[[User], Client]


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.fixture(autouse=True)
def clean_counters() -> None:
    counters.COUNTER.flush()  # what a test before left for the thread
    for key in client().scan_iter("rrr:*"):
        client().delete(key)


def see(rule: Rule, value: str, seconds: float, *, breached: bool = True) -> bool:
    reading = Reading(rule.name, "host", Decimal(value), breached=breached)
    return alerting.apply(reading, rule, after(seconds))


def see_for(
    rule: Rule, value: str, start: int, end: int, *, breached: bool = True
) -> None:
    """Every 10 s from `start` to `end`, both looked at."""
    for seconds in range(start, end + 1, 10):
        see(rule, value, seconds, breached=breached)


def fire(rule: Rule) -> Alert:
    see_for(rule, "92", 0, 30)
    return Alert.objects.get(state="firing")


def test_the_rules_come_with_the_product(db: None) -> None:
    names = Rule.objects.values_list("name", flat=True)
    assert list(names) == sorted(seed.name for seed in SEEDS)


def test_a_breach_fires_once_and_tells_each_operator_once(
    operator: User, memory_rule: Rule
) -> None:
    for seconds in (0, 10, 20, 30, 40, 50):
        see(memory_rule, "91.5", seconds)
    alert = Alert.objects.get()
    assert (alert.state, alert.fired_at) == ("firing", after(30))
    notice = Notice.objects.get()
    assert (notice.recipient, notice.level, notice.state) == (
        "olga",
        "firing",
        "queued",
    )


def test_it_resolves_after_thirty_seconds_below_and_says_so(
    operator: User, memory_rule: Rule
) -> None:
    fire(memory_rule)
    see_for(memory_rule, "10", 40, 60, breached=False)
    see(memory_rule, "10", 69, breached=False)
    assert Alert.objects.get().state == "firing"
    see(memory_rule, "10", 70, breached=False)
    assert Alert.objects.get().resolved_at == after(70)
    assert set(Notice.objects.values_list("level", flat=True)) == {"firing", "resolved"}


def test_a_second_outage_soon_after_resolved_tells_people_again(
    operator: User, memory_rule: Rule
) -> None:
    alert = fire(memory_rule)
    Alert.objects.update(acknowledged_by=operator, acknowledged_at=after(35))
    see_for(memory_rule, "10", 40, 70, breached=False)
    see_for(memory_rule, "95", 120, 3600)
    reopened = Alert.objects.get()
    assert (reopened.pk, reopened.state, reopened.resolved_at) == (
        alert.pk,
        "firing",
        None,
    )
    assert (reopened.acknowledged_by, reopened.acknowledged_at) == (None, None)
    assert [*Notice.objects.order_by("pk").values_list("level", flat=True)] == [
        "firing",
        "resolved",
        "firing again",
    ]


def test_ten_flips_in_five_minutes_are_four_notices_and_one_resolved_in_the_end(
    operator: User, memory_rule: Rule
) -> None:
    fire(memory_rule)
    for start in range(40, 290, 50):
        see_for(memory_rule, "10", start, start + 30, breached=False)
        see(memory_rule, "99", start + 40)
    levels = Notice.objects.order_by("pk").values_list("level", flat=True)
    told = ["firing", "resolved", "firing again", "flapping"]
    assert [*levels] == told
    assert "It has fired 3 times." in Notice.objects.get(level="flapping").body
    see_for(memory_rule, "10", 290, 790, breached=False)
    assert [*levels.all()] == [*told, "resolved"]
    see(memory_rule, "99", 800)
    assert [*levels.all()] == [*told, "resolved", "firing again"]


@pytest.mark.parametrize("hour", [3600, -3600], ids=["ahead", "back"])
def test_waits_survive_a_clock_that_is_set(
    operator: User, memory_rule: Rule, hour: int
) -> None:
    see(memory_rule, "91", 0)
    see_for(memory_rule, "91", hour, hour + 20)
    alert = Alert.objects.get()
    assert (alert.state, alert.fired_at) == ("firing", after(hour + 20))
    see(memory_rule, "10", hour + 30, breached=False)
    see_for(memory_rule, "10", 0, 10, breached=False)
    assert Alert.objects.get().state == "firing"
    see(memory_rule, "10", 20, breached=False)
    assert Alert.objects.get().state == "resolved"


def test_two_evaluators_make_one_alert(memory_rule: Rule) -> None:
    stale = Rule.objects.get(name="memory")
    see(memory_rule, "91", 0)
    see(stale, "91", 0)
    assert Alert.objects.count() == 1


def test_without_an_operator_the_notice_is_dead_and_says_why(memory_rule: Rule) -> None:
    fire(memory_rule)
    notice = Notice.objects.get()
    assert (notice.state, notice.last_error) == (
        "dead",
        "no active Operator has a mail address",
    )


def test_errors_counted_by_web_processes_breach_the_rule(operator: User) -> None:
    epoch = time.time()
    first, second = counters.Counter(), counters.Counter()
    for counter in (first, second):
        for _ in range(15):
            counter.add(status=500, seconds=0.01)
        counter.flush()
    counts = counters.read_window(epoch + 10)
    assert counts is not None
    assert (counts.requests, counts.errors, counts.slots_read) == (30, 30, 6)
    at = datetime.fromtimestamp(epoch + 10, UTC)
    for seconds in (0, 10, 20, 30):
        alerting.evaluate(at + timedelta(seconds=seconds))
    assert Alert.objects.get(rule="error-rate").state == "firing"


def test_an_unreachable_redis_is_no_data(
    monkeypatch: pytest.MonkeyPatch, operator: User, memory_rule: Rule
) -> None:
    fire(memory_rule)
    monkeypatch.setattr(counters, "BREAKER", _Broken())
    monkeypatch.setattr(memory, "BREAKER", _Broken())
    assert alerting.evaluate(after(500)) == 0
    assert Alert.objects.get().state == "firing"


class _Broken:
    def call(self, ask: object, otherwise: object) -> object:
        return otherwise


def test_counts_that_redis_did_not_take_are_sent_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counter = counters.Counter()
    counter.add(status=200, seconds=0.01)
    with monkeypatch.context() as patch:
        patch.setattr(counters, "BREAKER", _Broken())
        assert not counter.flush()
    counter.add(status=200, seconds=0.01)
    assert counter.flush()
    counts = counters.read_window(time.time() + 10)
    assert counts is not None
    assert counts.requests == 2


def test_only_what_was_looked_at_with_data_is_judged(
    monkeypatch: pytest.MonkeyPatch, db: None
) -> None:
    def judged() -> set[str]:
        # What requests of other tests left in Redis may tell their memory.
        rules = Rule.objects.exclude(judged_at=None).exclude(name="memory")
        return {*rules.values_list("name", flat=True)}

    counted = {"error-rate", "latency-p95"}
    with monkeypatch.context() as patch:
        patch.setattr(counters, "BREAKER", _Broken())
        alerting.evaluate(NOON)
    assert {"disk", "disk-full", "backup-stale", "worker-stale"} <= judged()
    assert not judged() & counted
    alerting.evaluate(NOON)
    assert judged() >= counted


def test_the_last_minute_is_kept_once(db: None) -> None:
    at = datetime.now(UTC)
    minutes.roll_up(at)
    minutes.roll_up(at)
    minute = Minute.objects.get()
    assert (minute.series, minute.slots_read) == ("web", 6)
    assert minute.at == at.replace(second=0, microsecond=0) - timedelta(minutes=1)


def test_memory_is_the_worst_of_limit_and_machine(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 1000 kB\nMemAvailable: 400 kB\n")
    assert memory.percent(tmp_path, meminfo) == Decimal("60.00")
    (tmp_path / "memory.max").write_text("512000\n")
    (tmp_path / "memory.current").write_text("300000\n")
    (tmp_path / "memory.stat").write_text("inactive_file 44000\n")
    assert memory.percent(tmp_path, meminfo) == Decimal("50.00")
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.percent(tmp_path, meminfo) == Decimal("60.00")


def test_a_notice_is_mailed_with_its_uid_as_message_id(
    operator: User, memory_rule: Rule
) -> None:
    fire(memory_rule)
    assert delivery.deliver(after(31)) == 1
    notice = Notice.objects.get()
    assert notice.state == "sent"
    (message,) = mail.outbox
    assert message.extra_headers["Message-ID"] == f"<{notice.uid}@rrr-dashboard>"
    assert message.to == ["olga@example.test"]
    assert delivery.deliver(after(32)) == 0


def test_a_killed_deliverer_s_notice_is_sent_again_with_the_same_id(
    operator: User, memory_rule: Rule
) -> None:
    fire(memory_rule)
    notice = Notice.objects.get()
    claimed = delivery._claim(notice.pk, after(31))
    assert claimed is not None
    assert delivery.deliver(after(40)) == 0, "the lease is still alive"
    assert delivery.deliver(after(92)) == 1
    delivery._settle(claimed, state="dead")
    notice.refresh_from_db()
    assert (notice.state, notice.attempts) == ("sent", 2)


def test_a_refusing_mail_server_is_tried_again_later(
    operator: User, memory_rule: Rule, settings: pytest.FixtureRequest
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # type: ignore[attr-defined]
    fire(memory_rule)
    delivery.deliver(after(31))
    notice = Notice.objects.get()
    assert (notice.state, notice.attempts) == ("queued", 1)
    assert notice.next_attempt_at == after(41)
    assert notice.last_error


def test_an_operator_acknowledges_and_the_log_keeps_it(
    operator: User, memory_rule: Rule, client_of: ClientOf
) -> None:
    alert = fire(memory_rule)
    answer = client_of(operator).post(f"/api/operations/alerts/{alert.uid}/ack")
    assert answer.status_code == 200
    assert answer.json()["acknowledged_by"] == "olga"
    assert AuditEvent.objects.filter(kind="operations.alert.acknowledged").count() == 1


def test_a_viewer_reads_but_does_not_acknowledge(
    person: Person, memory_rule: Rule, client_of: ClientOf
) -> None:
    alert = fire(memory_rule)
    viewer = client_of(person("vera", "Viewer"))
    assert viewer.get("/api/operations/alerts").json()["alerts"][0]["id"] == str(
        alert.uid
    )
    assert viewer.post(f"/api/operations/alerts/{alert.uid}/ack").status_code == 403
    assert (
        client_of(person("tom", "Trader")).get("/api/operations/alerts").status_code
        == 403
    )


def test_an_alert_that_never_fired_is_hidden_once_it_is_over(
    operator: User, memory_rule: Rule, client_of: ClientOf
) -> None:
    see(memory_rule, "91", 0)
    see(memory_rule, "10", 10, breached=False)
    assert Alert.objects.get().state == "resolved"
    assert client_of(operator).get("/api/operations/alerts").json()["alerts"] == []


@pytest.mark.parametrize(
    ("body", "header", "status"),
    [
        ({"threshold": "0.1", "revision": 1}, {}, 200),
        ({"threshold": "0.1"}, {"If-Match": 'W/"1"'}, 200),
        ({"threshold": "0.1", "revision": 7}, {}, 409),
        ({"threshold": "0.1"}, {"If-Match": '"7"'}, 412),
        ({"threshold": "0.1"}, {}, 428),
        ({"threshold": "nonsense", "revision": 1}, {}, 422),
        ({"threshold": "101", "revision": 1}, {}, 422),
        ({"threshold": 0.5, "revision": 1}, {}, 200),
        ({}, {}, 422),
    ],
)
def test_changing_a_threshold_names_the_revision_that_was_seen(
    operator: User,
    client_of: ClientOf,
    body: dict[str, object],
    header: dict[str, str],
    status: int,
) -> None:
    answer = client_of(operator).patch(
        "/api/operations/rules/memory",
        json.dumps(body),
        content_type="application/json",
        headers=header,
    )
    assert answer.status_code == status, answer.content
    changed = AuditEvent.objects.filter(kind="operations.rule.changed").count()
    assert changed == (1 if status == 200 else 0)


def test_a_stale_form_says_what_the_threshold_is_now(
    operator: User, client_of: ClientOf, memory_rule: Rule
) -> None:
    page = client_of(operator)
    first = page.post("/alerts/rules/memory/", {"threshold": "70", "revision": "1"})
    assert first.status_code == 302
    second = page.post("/alerts/rules/memory/", {"threshold": "60", "revision": "1"})
    assert second.status_code == 409
    assert "its threshold is 70 %" in second.content.decode()
    wrong = page.post("/alerts/rules/memory/", {"threshold": "lots", "revision": "2"})
    assert wrong.status_code == 422
    assert "not a number" in wrong.content.decode()


def test_pages_show_open_and_resolved_alerts(
    operator: User, client_of: ClientOf, memory_rule: Rule
) -> None:
    page = client_of(operator)
    assert "Nothing judged yet" in page.get("/alerts/").content.decode()
    alert = fire(memory_rule)
    assert "P2 High memory usage" in page.get("/alerts/").content.decode()
    shown = page.get(f"/alerts/{alert.uid}/").content.decode()
    assert "Not acknowledged" in shown
    assert "threshold 80 %" in shown
    page.post(f"/alerts/{alert.uid}/acknowledge/")
    page.post(f"/alerts/{alert.uid}/resolve/")
    assert "Resolved by hand" in page.get("/alerts/").content.decode() or (
        Alert.objects.get().state == "resolved"
    )


def test_a_second_poll_of_unchanged_alerts_is_a_304(
    operator: User,
    client_of: ClientOf,
    memory_rule: Rule,
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    page = client_of(operator)
    etag = page.get("/alerts/")["ETag"]
    assert page.get("/alerts/", headers={"If-None-Match": etag}).status_code == 304
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        fire(memory_rule)
    assert page.get("/alerts/", headers={"If-None-Match": etag}).status_code == 200
