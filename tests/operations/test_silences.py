"""A silence holds words back, hides nothing, and is never longer than was said."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import OperationalError

from accounts.models import User
from audit.models import AuditEvent
from kernel.errors import Conflict, Invalid, NotFound
from operations import queries
from operations.domain.alerting import Reading
from operations.domain.rules import DiskSpace
from operations.models import Alert, Notice, Rule, Silence
from operations.queries.health import silences as health_of_silences
from operations.services import alerting, delivery, disks, paging, silences
from operations.services.database_watch import DatabaseWatch
from operations.services.disk_watch import DiskWatch
from operations.services.silences import NewSilence

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
Person = Callable[..., User]


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, settings: Any) -> Path:
    settings.STATE_DIR = tmp_path
    return tmp_path


@pytest.fixture
def ada(person: Person) -> User:
    return person("ada", "Developer")


def hush(by: User, seconds: float, *, minutes: int = 10, **values: Any) -> Silence:
    given = {"rule": "memory", "reason": "the host is moved", **values}
    wish = NewSilence(minutes=minutes, **given)
    return silences.silence(wish, by, after(seconds))


def look(
    rule: Rule, start: float, end: float, *, breached: bool, host: str = "host"
) -> None:
    """A tick every 10 s, from `start` to `end`: what it does of silences and rules."""
    seconds = start
    while seconds <= end:
        silences.settle(after(seconds))
        value = Decimal(92 if breached else 10)
        reading = Reading(rule.name, host, value, breached=breached)
        alerting.apply(reading, rule, after(seconds))
        seconds += 10


def words() -> list[str]:
    """What was or is to be told, in order."""
    told = Notice.objects.exclude(state="suppressed").order_by("pk")
    return [*told.values_list("level", flat=True)]


def story() -> list[str]:
    (alert,) = Alert.objects.all()
    return [entry.kind for entry in queries.timeline(alert)]


def test_what_fires_in_a_silence_fires_and_tells_nobody(
    operator: User, ada: User, memory_rule: Rule
) -> None:
    hush(ada, 0)
    look(memory_rule, 10, 60, breached=True)
    assert Alert.objects.get().state == "firing"
    assert words() == []
    assert story() == ["pending", "firing", "held"]
    (*_, held) = queries.timeline(Alert.objects.get())
    assert held.text == (
        "“firing”: silenced by ada until 1 Mar, 12:10 UTC: the host is moved"
    )


def test_people_are_told_when_it_ends_and_the_rule_still_fires(
    operator: User, ada: User, memory_rule: Rule
) -> None:
    hush(ada, 0)
    look(memory_rule, 10, 700, breached=True)
    notice = Notice.objects.get()
    assert notice.level == "still firing"
    assert notice.created_at == after(600)
    assert "still firing since 2026-03-01 12:00:40 UTC" in notice.body
    assert "Nobody was told while it was silenced by ada" in notice.body
    look(memory_rule, 710, 760, breached=False)
    assert words() == ["still firing", "resolved"]
    assert story()[-2:] == ["unsilenced", "resolved"]


def test_what_people_were_told_before_is_told_again_only_at_its_end(
    operator: User, ada: User, memory_rule: Rule
) -> None:
    look(memory_rule, 0, 40, breached=True)
    hush(ada, 45)
    look(memory_rule, 50, 640, breached=True)
    assert words() == []  # what still waited to be sent is not sent
    delivery.deliver(after(640))
    assert mail.outbox == []
    look(memory_rule, 645, 660, breached=True)
    assert words() == ["still firing"]


def test_a_resolved_that_was_held_back_is_told_at_the_end(
    operator: User, ada: User, memory_rule: Rule
) -> None:
    look(memory_rule, 0, 30, breached=True)
    delivery.deliver(after(30))
    hush(ada, 35)
    look(memory_rule, 40, 620, breached=False)
    assert words() == ["firing"]
    look(memory_rule, 635, 660, breached=False)
    assert words() == ["firing", "resolved"]


def test_what_came_and_went_in_a_silence_is_nobodys_business(
    operator: User, ada: User, memory_rule: Rule
) -> None:
    hush(ada, 0)
    look(memory_rule, 10, 100, breached=True)
    look(memory_rule, 110, 700, breached=False)
    assert words() == []


def test_who_never_heard_that_it_fires_does_not_hear_that_it_is_over(
    operator: User, ada: User, memory_rule: Rule
) -> None:
    begun = hush(ada, 0)
    look(memory_rule, 10, 60, breached=True)
    Notice.objects.all().delete()
    Silence.objects.filter(pk=begun.pk).update(ended_at=after(65))
    look(memory_rule, 70, 120, breached=False)
    assert (Alert.objects.get().state, words()) == ("resolved", [])


@pytest.mark.parametrize("hour", [3600, -3600], ids=["ahead", "back"])
def test_no_clock_prolongs_a_silence(
    operator: User, ada: User, memory_rule: Rule, hour: int
) -> None:
    look(memory_rule, 0, 40, breached=True)
    hush(ada, 45)
    look(memory_rule, 50, 340, breached=True)
    look(memory_rule, hour + 350, hour + 700, breached=True)
    silence = Silence.objects.get()
    assert silence.ended_at is not None
    assert timedelta(0) <= silence.ended_at - after(hour + 350) <= after(300) - NOON
    assert words() == ["still firing"]


def test_of_two_at_once_the_one_that_ends_last_counts(
    operator: User, ada: User, memory_rule: Rule
) -> None:
    look(memory_rule, 0, 40, breached=True)
    hush(ada, 45, minutes=2)
    hush(operator, 50, minutes=5, target="host")
    look(memory_rule, 60, 340, breached=True)
    assert words() == []
    look(memory_rule, 350, 400, breached=True)
    assert words() == ["still firing"]


def test_two_that_end_at_once_tell_once(
    operator: User, ada: User, memory_rule: Rule
) -> None:
    look(memory_rule, 0, 40, breached=True)
    first, second = hush(ada, 45), hush(ada, 45)
    silences.settle(after(700))
    silences.settle(after(700))
    assert words() == ["still firing"]
    assert AuditEvent.objects.filter(kind="operations.silence.ended").count() == 2
    assert {first.by, second.by} == {ada}


def test_whoever_ends_it_early_has_people_told_at_once(
    operator: User, ada: User, memory_rule: Rule
) -> None:
    look(memory_rule, 0, 40, breached=True)
    begun = hush(ada, 45)
    ended = silences.end(begun.uid, operator, after(50))
    assert (ended.ended_at, ended.ended_by) == (after(50), operator)
    assert words() == ["still firing"]
    with pytest.raises(Conflict):
        silences.end(begun.uid, ada, after(55))


def test_another_host_is_not_silenced(
    operator: User, ada: User, memory_rule: Rule
) -> None:
    hush(ada, 0, target="db1")
    look(memory_rule, 10, 60, breached=True, host="db1")
    look(memory_rule, 10, 60, breached=True, host="db2")
    assert [notice.about for notice in Notice.objects.all()] == [
        f"alert:{Alert.objects.get(target='db2').uid}"
    ]


def test_both_ends_are_events_with_reason(operator: User, ada: User) -> None:
    begun = hush(ada, 0)
    silences.settle(after(601))
    events = AuditEvent.objects.filter(object=f"silence:{begun.uid}").order_by("seq")
    assert [(each.kind, each.actor) for each in events] == [
        ("operations.silence.begun", ada.actor),
        ("operations.silence.ended", "j:alerting"),
    ]


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({"minutes": 24 * 60 + 1}, Invalid),
        ({"minutes": 0}, Invalid),
        ({"reason": "  "}, Invalid),
        ({"reason": "x" * 301}, Invalid),
        ({"reason": "turned \u202e around"}, Invalid),
        ({"rule": "no-such-rule"}, NotFound),
    ],
)
def test_none_without_an_end_a_reason_and_a_rule(
    ada: User, values: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        hush(ada, 0, **values)
    assert not Silence.objects.exists()


def test_health_says_what_wakes_nobody(ada: User) -> None:
    assert health_of_silences(NOON).status == "pass"
    hush(ada, 0, rule="database")
    said = health_of_silences(after(5))
    assert said.status == "warn"
    assert said.detail.startswith("“Database connection failures” is silenced by ada")


class TestWithoutTheDatabase:
    """What `watch` does with the silences of its mirror."""

    @pytest.fixture
    def watch(self, operator: User, ada: User) -> DatabaseWatch:
        """Looks at a database that is away from `self.away` on."""
        return DatabaseWatch(ask=lambda: None)

    def see(self, watch: DatabaseWatch, start: int, end: int, said: str | None) -> None:
        watch.ask = lambda: said
        for seconds in range(start, end + 1, 5):
            watch.look(after(seconds))

    def mirror(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("django.utils.timezone.now", lambda: after(0))
        paging.mirror()

    def test_watch_pages_nobody_until_it_ends_and_then_everybody_once(
        self, watch: DatabaseWatch, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hush(ada, 0, rule="database", minutes=2)
        self.mirror(monkeypatch)
        self.see(watch, 5, 115, "gone")
        assert mail.outbox == []
        self.see(watch, 120, 200, "gone")
        (message,) = mail.outbox
        assert "Database connection failures still firing" in message.subject
        assert "was silenced by ada until 1 Mar, 12:02 UTC" in message.body
        self.see(watch, 205, 205, None)
        silences.settle(after(206))
        assert words() == ["still firing"]
        assert story() == ["firing", "unsilenced", "answered", "unsilenced"]

    def test_a_clock_set_back_prolongs_none(
        self, watch: DatabaseWatch, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hush(ada, 0, rule="database", minutes=2)
        self.mirror(monkeypatch)
        self.see(watch, 5, 60, "gone")
        self.see(watch, -3600, -3600 + 70, "gone")
        assert len(mail.outbox) == 1

    def test_a_watch_that_was_killed_meanwhile_still_tells_its_end(
        self, watch: DatabaseWatch, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hush(ada, 0, rule="database", minutes=2)
        self.mirror(monkeypatch)
        self.see(watch, 5, 60, "gone")
        self.see(DatabaseWatch(ask=lambda: "gone"), 130, 140, "gone")
        assert len(mail.outbox) == 1

    def test_what_it_held_back_is_a_row_when_the_database_is_back(
        self, watch: DatabaseWatch, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        hush(ada, 0, rule="database", minutes=10)
        self.mirror(monkeypatch)
        self.see(watch, 5, 30, "gone")
        self.see(watch, 35, 100, None)
        alert = Alert.objects.get()
        assert (alert.state, words(), mail.outbox) == ("resolved", [], [])
        silences.settle(after(601))
        assert words() == []

    @pytest.mark.django_db(transaction=True)
    def test_begun_and_ended_early_it_is_in_the_mirror_at_once(
        self, operator: User, ada: User
    ) -> None:
        paging.mirror()
        now = datetime.now(UTC)
        wish = NewSilence(rule="database", reason="moved", minutes=10)
        begun = silences.silence(wish, ada, now)
        (known,) = paging.read().silences
        assert (known.uid, known.by) == (str(begun.uid), "ada")
        silences.end(begun.uid, ada, now)
        assert paging.read().silences == ()

    def test_a_full_disk_is_told_when_its_silence_ends(
        self, operator: User, ada: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        full = DiskSpace(target="state", free=0, total=10**9)
        monkeypatch.setattr(disks, "full", lambda spaces: full)
        hush(ada, 0, rule="disk-full", minutes=1)
        self.mirror(monkeypatch)
        watch = DiskWatch()
        for seconds in (10, 30, 50):
            watch.full(after(seconds))
        assert mail.outbox == []
        watch.full(after(61))
        assert len(mail.outbox) == 1


def test_a_mirror_of_the_version_before_is_read(
    operator: User, own_state: Path
) -> None:
    paging.mirror()
    text = paging.file().read_text().replace(', "silences": []', "")
    assert "silences" not in text
    paging.file().write_text(text)
    assert paging.read().recipients


def test_a_database_that_goes_away_in_a_tick_keeps_the_silence(
    operator: User, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    hush(ada, 0)
    monkeypatch.setattr(
        silences, "_end", lambda *args: (_ for _ in ()).throw(OperationalError("gone"))
    )
    with pytest.raises(OperationalError):
        silences.settle(after(601))
    monkeypatch.undo()
    assert silences.settle(after(610)) == 1
