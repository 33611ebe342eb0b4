"""The sentence on top of the operations page, and its figures: true at three at night."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from unittest.mock import patch

import pytest
from django.test import Client
from django.utils import timezone
from django.utils.html import strip_tags

from accounts.models import User
from kernel import registry
from kernel.registry import Measurement
from operations.domain import history
from operations.domain.alerting import Reading
from operations.domain.health import HealthCheck, Status
from operations.domain.seeds import SEEDS
from operations.models import Alert, Heartbeat, Minute, Notice, ProbeResult, Rule
from operations.models.notices import SUPERSEDED
from operations.pages.headline import first_step, in_words
from operations.queries.telling import Told, told
from operations.services import alerting, delivery, heartbeats, incidents, probing
from operations.services.subjects import Subject
from tests.html import flat

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("silent_bell")]
FIVE_MINUTES = timedelta(minutes=5)


def sentence(desk: Client) -> str:
    page = flat(desk.get("/operations/").content.decode())
    return page.partition("In one sentence")[2].partition("</section>")[0]


def fire(rule: str, at: datetime, value: int = 1) -> Alert:
    row = Rule.objects.get(name=rule)
    wait = timedelta(seconds=row.for_seconds + 10)
    for passed in range(0, int(wait.total_seconds()) + 1, 10):
        reading = Reading(rule, "here", Decimal(value), breached=True)
        alerting.apply(reading, row, at + timedelta(seconds=passed))
    return Alert.objects.get(rule=rule)


def test_without_a_look_nothing_is_called_well(desk: Client) -> None:
    assert "Nothing has been judged yet" in sentence(desk)


def test_what_fires_is_said_with_since_who_and_what_next(
    desk: Client, now: datetime
) -> None:
    heartbeats.beat(Heartbeat.Kind.TICK, now)
    alert = fire("disk-full", now - timedelta(seconds=20), 98)
    text = sentence(desk)
    assert "Disk is nearly full on here" in text
    assert "98 %; nobody told yet, 1 message waits" in text
    assert "Make room at once" in text
    assert f"/alerts/{alert.uid}/acknowledge/" in text
    assert "/runbooks/disk-full/" in text
    delivery.deliver(now)
    assert "98 %; 1 person told in a file: no EMAIL_URL is set" in sentence(desk)


def judged_all(at: datetime) -> None:
    heartbeats.beat(Heartbeat.Kind.TICK, at)
    Rule.objects.update(judged_at=at)


def _seen(seen: Measurement, params: Mapping[str, str]) -> Measurement:
    return seen


@pytest.fixture
def two_probes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One that fails, one that passes; and health finds nothing to look at."""
    made = {}
    for name, faults in (("good", "0"), ("bad", "2")):
        seen = Measurement(faults, "as it is", "faults")
        made[name] = registry.Probe(
            name, partial(_seen, seen), f"Whether it is {name}", every=FIVE_MINUTES
        )
    monkeypatch.setattr(probing, "subject_of", lambda probe: Subject("a" * 40, "d"))
    monkeypatch.setattr("operations.queries.health.checks", lambda at: [])
    with patch.dict(registry.PROBES, made, clear=True):
        yield


def test_all_is_well_while_it_is(desk: Client, now: datetime, two_probes: None) -> None:
    judged_all(now)
    probing.run("good", {})
    assert "All is well</p><p>every rule is looked at" in sentence(desk)


def test_all_is_not_well_while_a_probe_fails(
    desk: Client, now: datetime, two_probes: None
) -> None:
    judged_all(now)
    for name in ("good", "bad"):
        probing.run(name, {})
    text = sentence(desk)
    assert "All is well" not in text
    assert '<a class="link" href="?p=failing#probes">1 failing probe</a>' in text
    assert "Next: Whether it is bad: as it is" in flat(strip_tags(text))
    assert "headline--warn" in desk.get("/operations/").content.decode()


def test_the_sentence_names_the_first_fault_and_how_many_more(
    desk: Client, now: datetime, two_probes: None
) -> None:
    judged_all(now)
    probing.run("bad", {})
    faults = "; ".join(f"fault {number}" for number in range(20))
    ProbeResult.objects.update(value="43", unit="faults", detail=faults)
    text = flat(strip_tags(sentence(desk)))
    assert "Whether it is bad: fault 0; 42 more" in text
    assert "fault 19" not in text
    assert "fault 19" in desk.get("/operations/").content.decode()


def test_what_has_failed_comes_before_what_is_not_known(
    desk: Client, now: datetime, two_probes: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without TLS the certificate is to be looked at for ever."""
    judged_all(now)
    probing.run("bad", {})
    checks = [
        HealthCheck(name="certificate", status=Status.WARN, detail="needs TLS"),
        HealthCheck(name="audit_log", status=Status.FAIL, detail="events are missing"),
    ]
    monkeypatch.setattr("operations.queries.health.checks", lambda at: checks[:1])
    text = sentence(desk)
    assert text.index("1 failing probe") < text.index("Certificate")
    assert "Next:</b>Whether it is bad" in text.replace("</b> ", "</b>")
    monkeypatch.setattr("operations.queries.health.checks", lambda at: checks)
    text = sentence(desk)
    assert text.index("Audit log") < text.index("1 failing probe")


def test_it_is_so_since_its_first_sign(
    desk: Client, now: datetime, make_alert: Callable[..., Alert]
) -> None:
    heartbeats.beat(Heartbeat.Kind.TICK, now)
    make_alert(episode=3, last_data_at=now)
    text = sentence(desk)
    assert "12:00 UTC" in text
    assert "it has fired 3 times since" in text


def test_all_is_not_well_while_a_probe_has_not_run_for_long(
    desk: Client, now: datetime, two_probes: None
) -> None:
    judged_all(now)
    made = probing.run("good", {})
    assert "All is well" in sentence(desk)
    old = now - timedelta(minutes=11)
    ProbeResult.objects.filter(pk=made.pk).update(observed_at=old)
    assert '<a class="link" href="?p=out-of-date#probes">1 probe out of date' in (
        sentence(desk)
    )
    page = flat(desk.get("/operations/?p=out-of-date").content.decode())
    assert "Whether it is good" in page.partition('id="probes"')[2]
    assert "Whether it is bad" not in page.partition('id="probes"')[2]


def test_a_value_that_is_not_read_any_more_is_none_of_now(
    desk: Client, now: datetime, make_alert: Callable[..., Alert]
) -> None:
    heartbeats.beat(Heartbeat.Kind.TICK, now)
    alert = make_alert(last_data_at=now)
    assert "91 %;" in sentence(desk)
    alert.last_data_at = now - timedelta(minutes=12)
    alert.save()
    assert "91 % when last read, 12 min ago;" in sentence(desk)


def test_a_tick_of_a_clock_that_was_ahead_is_none(desk: Client, now: datetime) -> None:
    heartbeats.beat(Heartbeat.Kind.TICK, now + timedelta(hours=1))
    assert "No rule is looked at" in sentence(desk)


def test_who_is_on_it_is_named(desk: Client, operator: User, now: datetime) -> None:
    heartbeats.beat(Heartbeat.Kind.TICK, now)
    alert = fire("disk-full", now - timedelta(minutes=5), 98)
    incidents.acknowledge(alert.uid, operator, now)
    text = sentence(desk)
    assert "olga is on it" in text
    assert "/acknowledge/" not in text


def test_an_old_tick_comes_before_all_else(desk: Client, now: datetime) -> None:
    heartbeats.beat(Heartbeat.Kind.TICK, now - timedelta(minutes=20))
    fire("disk-full", now - timedelta(minutes=25), 98)
    text = sentence(desk)
    assert "No rule is looked at" in text
    assert "1 alert fired before" in text
    assert "/runbooks/worker-stale/" in text


@pytest.mark.parametrize(
    ("reached", "text"),
    [
        (Told(sent=1), "1 person told"),
        (Told(sent=2, waiting=1), "2 people told, 1 message waits"),
        (Told(waiting=2), "nobody told yet, 2 messages wait"),
        (Told(lost=1, why="no such mailbox"), "nobody told (no such mailbox)"),
        (
            Told(sent=1, in_files=True),
            "1 person told in a file: no EMAIL_URL is set",
        ),
    ],
)
def test_who_knows_is_counted(reached: Told, text: str) -> None:
    assert in_words(reached) == text


def tell(alert: Alert, word: str, recipient: str, state: str, **values: Any) -> None:
    about, channel = f"alert:{alert.uid}", values.pop("channel", "email")
    level = word.rstrip(" 0123456789")
    Notice.objects.create(
        kind="alert", about=about, recipient=recipient, level=level, channel=channel,
        dedup_key=f"{about}/{word}/{recipient}/{channel}", subject="s", body="b",
        state=state, created_at=alert.pending_at, **values,
    )  # fmt: skip


def test_who_heard_an_older_word_need_not_know(
    make_alert: Callable[..., Alert], settings: Any
) -> None:
    settings.EMAIL_URL = "smtp://mail.example.com"
    alert = make_alert()
    tell(alert, "firing", "olga", "sent")
    tell(alert, "firing", "gone", "sent")
    assert in_words(told(alert)) == "2 people told"
    tell(alert, "firing again 2", "olga", "queued", last_error="refused")
    assert in_words(told(alert)) == "nobody told yet, 1 message waits (refused)"
    tell(alert, "firing again 3", "olga", "sent")
    assert in_words(told(alert)) == "1 person told"


def test_a_message_that_a_newer_one_made_needless_was_heard(
    make_alert: Callable[..., Alert], settings: Any
) -> None:
    settings.EMAIL_URL = "smtp://mail.example.com"
    alert = make_alert()
    tell(alert, "firing", "olga", "suppressed", last_error=SUPERSEDED)
    assert in_words(told(alert)) == "1 person told"


def test_who_heard_it_on_one_channel_is_told(
    make_alert: Callable[..., Alert], settings: Any
) -> None:
    settings.EMAIL_URL = "smtp://mail.example.com"
    alert = make_alert()
    tell(alert, "firing", "olga", "sent", channel="email")
    tell(alert, "firing", "olga", "dead", channel="webhook", last_error="refused")
    assert in_words(told(alert)) == "1 person told"


def test_what_a_restore_silenced_was_told_to_nobody(
    make_alert: Callable[..., Alert],
) -> None:
    alert = make_alert()
    tell(alert, "firing", "olga", "suppressed", last_error="restored from a backup")
    assert in_words(told(alert)) == "nobody told (restored from a backup)"


@pytest.mark.parametrize(("mail", "says"), [("", True), ("smtp://mail", False)])
def test_mail_that_only_goes_to_a_file_reaches_nobody(
    make_alert: Callable[..., Alert],
    desk: Client,
    settings: Any,
    mail: str,
    says: bool,
) -> None:
    settings.EMAIL_URL = mail
    alert = make_alert()
    tell(alert, "firing", "olga", "sent")
    page = flat(desk.get(f"/alerts/{alert.uid}/").content.decode())
    assert ("1 person told in a file: no EMAIL_URL is set" in page) is says


@pytest.mark.parametrize("rule", [seed.name for seed in SEEDS])
def test_each_runbook_has_a_first_step(rule: str) -> None:
    assert first_step(rule)


def test_minutes_keep_the_worst_of_what_was_read(now: datetime) -> None:
    before = history.packed([Reading("memory", "a", Decimal(70))])
    after = history.packed([Reading("memory", "a", Decimal(91), breached=True)])
    assert history.value_of(history.worse(before, after), "memory", "a") == 91
    assert history.value_of(before, "memory", "b") is None
    assert history.value_of({"job-failing": {}}, "job-failing", "prune") == 0
    assert history.worst_of({}, "memory") is None


def test_a_gap_is_no_line() -> None:
    start = datetime(2026, 3, 1, 3, tzinfo=UTC)
    moments = [(start + timedelta(minutes=m), Decimal(1)) for m in (0, 1, 2, 9, 10)]
    runs = history.unbroken(moments, timedelta(minutes=3))
    assert [len(run) for run in runs] == [3, 2]


def test_the_page_shows_the_last_minute_and_its_day(
    desk: Client, now: datetime
) -> None:
    Minute.objects.create(
        at=now.replace(second=0, microsecond=0) - timedelta(minutes=1),
        series=Minute.WEB,
        values={"n": 100, "e": 8, "b3": 90, "b6": 10},
        slots_read=6,
    )
    page = flat(desk.get("/operations/").content.decode())
    assert "8 %" in page
    assert "200–500 ms" in page
    assert "above the limit in 1 of 1 half hours, 47 without data" in page


def test_an_alert_shows_what_was_read_and_whom_it_told(
    desk: Client, now: datetime, make_alert: Callable[..., Alert]
) -> None:
    alert = make_alert(pending_at=now - timedelta(minutes=10), target="host")
    for minute in range(20):
        Minute.objects.create(
            at=now.replace(second=0, microsecond=0) - timedelta(minutes=minute),
            series=Minute.READINGS,
            values={"memory": {"host": "91"}},
            slots_read=1,
        )
    Notice.objects.create(
        kind="alert", about=f"alert:{alert.uid}", recipient="olga", level="firing",
        address="olga@example.com", channel="email", dedup_key="x", subject="s",
        body="b", created_at=now, last_error="refused",
    )  # fmt: skip
    page = flat(desk.get(f"/alerts/{alert.uid}/").content.decode())
    assert "limit 80 %" in page
    assert "chart__threshold" in page
    assert "olga@example.com" in page
    assert "waits to be sent" in page
    assert "(refused)" in page


def test_runbooks_are_read_by_whoever_sees_operations(desk: Client) -> None:
    assert "Database connection failures" in desk.get("/runbooks/").content.decode()
    page = desk.get("/runbooks/database/").content.decode()
    assert "What to look at" in page
    assert desk.get("/runbooks/nothing/").status_code == 404


def test_a_stale_minute_is_no_figure_of_now(desk: Client, now: datetime) -> None:
    Minute.objects.create(
        at=now - timedelta(minutes=4), series=Minute.WEB, values={"n": 100},
        slots_read=6,
    )  # fmt: skip
    page = flat(desk.get("/operations/").content.decode())
    assert "no data for 4 min" in page
    assert "in the last whole minute" not in page


def test_the_reason_stands_beside_a_figure_that_says_little(
    desk: Client, now: datetime
) -> None:
    heartbeats.beat(Heartbeat.Kind.TICK, now)
    row = Rule.objects.get(name="broker")
    for passed in range(0, 91, 10):
        reading = Reading(
            "broker", "broker", Decimal(1), breached=True, detail="Timeout reading"
        )
        alerting.apply(reading, row, now + timedelta(seconds=passed - 100))
    text = sentence(desk)
    assert "The broker takes no messages</a>" in text
    assert "1 failure: Timeout reading" in text
    assert "does not answer, or its process hangs: start it" in text


def test_a_value_that_is_read_no_more_says_so_wherever_it_stands(
    desk: Client, make_alert: Callable[..., Alert]
) -> None:
    now = timezone.now()
    read = now - timedelta(minutes=14)
    alert = make_alert(target="host", last_data_at=read, pending_at=read)
    said = "91 % when last read, 14 min ago"
    for path in ("/operations/", "/alerts/"):
        assert said in desk.get(path).content.decode(), path
    page = desk.get(f"/alerts/{alert.uid}/").content.decode()
    assert f"<h1>High memory usage on host: {said}</h1>" in page
    Alert.objects.update(last_data_at=now)
    page = desk.get(f"/alerts/{alert.uid}/").content.decode()
    assert "<h1>High memory usage on host: 91 %</h1>" in page
