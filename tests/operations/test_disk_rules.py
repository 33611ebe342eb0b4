"""How full a disk may be before somebody is told, and that telling needs no disk."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.utils import timezone

from accounts.models import User
from operations.channels import ChannelError, Message, channel
from operations.domain.alerting import Reading
from operations.domain.rules import DiskSpace, read_disk, read_disk_full
from operations.models import Alert, Backup, Notice, Rule
from operations.services import alerting, delivery, disks, memory, paging
from operations.services.backups import keeping, places
from operations.services.disk_watch import DiskWatch
from operations.services.watching import Watch

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
GB = 1_000_000_000


@pytest.fixture(autouse=True)
def state(tmp_path: Path, settings: Any) -> Path:
    settings.STATE_DIR = tmp_path
    settings.BACKUP_URL = str(tmp_path / "backups")
    return tmp_path


@pytest.mark.parametrize(
    ("free", "total", "filling", "full"),
    [
        (11 * GB, 1000 * GB, False, False),
        (9 * GB, 1000 * GB, True, False),
        (9 * GB, 50 * GB, False, False),
        (int(2.9 * GB), 1000 * GB, True, True),
        (int(2.9 * GB), 50 * GB, True, False),
        (GB // 2 - 1, GB // 2, False, True),
        (0, 0, True, True),
    ],
)
def test_a_share_and_bytes_decide(
    free: int, total: int, filling: bool, full: bool
) -> None:
    space = DiskSpace(target="here", free=free, total=total)
    assert read_disk(space, Decimal(90)).breached is filling
    assert read_disk_full(space, Decimal(97)).breached is full


@pytest.mark.django_db
def test_each_file_system_is_looked_at_once(state: Path) -> None:
    spaces = disks.read()
    named = " ".join(space.target for space in spaces)
    assert "state, backups" in named
    assert len({space.target for space in spaces}) == len(spaces)
    assert all(0 < space.free < space.total for space in spaces)


@pytest.mark.django_db
def test_a_file_system_keeps_its_name(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = [space.target for space in disks.read()]
    (state / "backups").mkdir()
    monkeypatch.setattr("platform.node", lambda: "another-container")
    assert [space.target for space in disks.read()] == before


@pytest.mark.django_db
@pytest.mark.parametrize("away", ["hangs", "fails"])
def test_a_mount_that_does_not_answer_is_no_data_and_keeps_nobody_waiting(
    state: Path, monkeypatch: pytest.MonkeyPatch, away: str
) -> None:
    released, usage = threading.Event(), shutil.disk_usage

    def asked(path: Path) -> object:
        if path.name == "backups":
            if away == "hangs":
                released.wait(60)
            raise OSError("stale file handle")
        return usage(path)

    (state / "backups").mkdir()
    monkeypatch.setattr(shutil, "disk_usage", asked)
    monkeypatch.setattr(disks, "SECONDS", 0.2)
    try:
        named = " ".join(space.target for space in disks.read())
    finally:
        released.set()
    assert "state" in named
    assert "backups" not in named


HERE = "state, backups, database"


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> DiskSpace:
    space = DiskSpace(target=HERE, free=0, total=GB)
    monkeypatch.setattr(disks, "read", lambda: [space])
    return space


@pytest.fixture
def operator(person: Callable[..., User]) -> User:
    user = person("olga", "Operator")
    paging.mirror()
    return user


def fire(target: str, at: datetime, *, breached: bool = True) -> None:
    """The rule saw it, as long as rows could be written."""
    percent = Decimal(99) if breached else Decimal(1)
    reading = Reading("disk-full", target, percent, breached=breached)
    alerting.apply(reading, Rule.objects.get(name="disk-full"), at)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.mark.django_db
def test_who_is_told_from_memory_is_told_once_and_written_down_later(
    operator: User, small: DiskSpace
) -> None:
    watch = DiskWatch()
    watch.full(NOON)
    watch.full(after(15))
    (message,) = mail.outbox
    assert message.subject.startswith("[P0] Disk is nearly full firing on state")
    assert not Alert.objects.exists()
    watch.room()
    alert = Alert.objects.get()
    assert (alert.rule, alert.state, alert.fired_at) == ("disk-full", "firing", NOON)
    notice = Notice.objects.get()
    assert (notice.state, notice.sent_at, notice.recipient) == ("sent", NOON, "olga")
    assert str(notice.uid) in message.extra_headers["Message-ID"]
    # It fills again at once: they know already.
    watch.full(after(30))
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_a_disk_that_is_nearly_full_but_takes_writes_is_told_by_its_rule_alone(
    operator: User, small: DiskSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "close", lambda: None)
    assert Watch().look() is False
    assert mail.outbox == []


@pytest.mark.django_db
def test_another_full_disk_silences_nobody(operator: User, small: DiskSpace) -> None:
    fire("backups", NOON)
    assert delivery.deliver(NOON) == 1
    DiskWatch().full(after(60))
    about = [message.subject.split(" on ")[1] for message in mail.outbox]
    assert [words.rpartition(" (")[0] for words in about] == ["backups", HERE]


@pytest.mark.django_db
def test_who_was_told_of_it_silences_nobody_else(
    operator: User, small: DiskSpace, person: Callable[..., User]
) -> None:
    person("omar", "Operator")
    paging.mirror()
    fire(HERE, NOON)
    Notice.objects.filter(recipient="olga").update(state="sent", sent_at=NOON)
    watch = DiskWatch()
    watch.full(after(5))
    watch.full(after(10))
    assert [message.to for message in mail.outbox] == [["omar@example.test"]]
    watch.room()
    assert delivery.deliver(after(15)) == 0, "omar's row is sent, too"
    assert Notice.objects.filter(state="sent").count() == 2


@pytest.mark.django_db
def test_the_mail_of_an_earlier_episode_is_no_news_of_this_one(
    operator: User, small: DiskSpace
) -> None:
    fire(HERE, NOON)
    delivery.deliver(NOON)
    for seconds in range(10, 60, 10):
        fire(HERE, after(seconds), breached=False)
    delivery.deliver(after(50))
    assert Alert.objects.get().state == "resolved"
    watch = DiskWatch()
    watch.full(after(120))
    words = [message.subject.split(" on ")[0] for message in mail.outbox]
    assert [word.removeprefix("[P0] Disk is nearly full ") for word in words] == [
        "firing",
        "resolved",
        "firing again",
    ]
    watch.room()
    assert delivery.deliver(after(130)) == 0
    told = Notice.objects.order_by("pk").values_list("level", "state")
    assert [*told][-1] == ("firing again", "sent")


@pytest.mark.django_db
def test_while_it_flaps_memory_is_as_quiet_as_the_rule(
    operator: User, small: DiskSpace
) -> None:
    watch, at = DiskWatch(), 0
    for _ in range(6):
        watch.full(after(at))
        watch.room()
        for seconds in range(10, 50, 10):
            fire(HERE, after(at + seconds), breached=False)
        at += 50
    words = [
        message.subject.split(" full ")[1].split(" on ")[0] for message in mail.outbox
    ]
    assert words == ["firing", "firing again", "flapping"]


@pytest.mark.django_db
def test_a_mail_server_that_refuses_is_not_asked_at_every_look(
    operator: User, small: DiskSpace, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = []

    def refuse(message: Message) -> None:
        tried.append(message.uid)
        raise ChannelError("no route", permanent=False)

    monkeypatch.setattr(channel("email"), "send", refuse)
    watch = DiskWatch()
    for seconds in range(0, 300, 5):
        watch.full(after(seconds))
    assert len(tried) == 5
    assert len(set(tried)) == 1, "one message, however often"


@pytest.mark.django_db
def test_what_nothing_is_read_of_any_more_ends_with_that_reason(
    operator: User, small: DiskSpace
) -> None:
    fire(HERE, NOON)
    fire("container-1: state", NOON)
    gone = Alert.objects.get(target="container-1: state")
    alerting.evaluate(after(590))
    gone.refresh_from_db()
    assert gone.state == "firing"
    alerting.evaluate(after(610))
    gone.refresh_from_db()
    assert (gone.state, gone.resolved_at) == ("resolved", after(610))
    assert "has been read of it for 10 minutes" in gone.timeline.latest("pk").text
    told = Notice.objects.filter(about=f"alert:{gone.uid}").order_by("pk")
    assert [*told.values_list("level", flat=True)] == ["firing", "no longer read"]
    assert Alert.objects.get(target=HERE, rule="disk-full").state == "firing"


@pytest.mark.django_db
def test_a_rule_of_which_nothing_is_read_at_all_lets_no_alert_go(
    operator: User, small: DiskSpace
) -> None:
    """Redis keeps no report of that time: of memory nothing is known."""
    memory.report()
    assert memory.read(time.time()), "what other tests leave is not of that time"
    reading = Reading("memory", "host", Decimal(99), breached=True)
    rule = Rule.objects.get(name="memory")
    alerting.apply(reading, rule, NOON)
    alerting.evaluate(after(3600))
    assert Alert.objects.get(rule="memory").state == "pending"


@pytest.mark.django_db
def test_a_rule_that_is_switched_off_pages_nobody(
    operator: User, small: DiskSpace
) -> None:
    Rule.objects.filter(name="disk-full").update(enabled=False)
    watch = DiskWatch()
    watch.full(NOON)
    watch.room()
    assert mail.outbox == []
    assert not Alert.objects.exists()


def kept(state: Path, age: timedelta, status: str) -> Backup:
    path = state / "backups" / f"{age}.tar.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"kept")
    at = timezone.now() - age
    return Backup.objects.create(
        engine="sqlite", status=status, started_at=at, location=str(path)
    )


@pytest.mark.django_db
def test_files_of_expired_backups_go_before_their_rows(
    state: Path, settings: Any
) -> None:
    settings.BACKUP_RETENTION = {"d": 1}
    day = timedelta(days=1)
    newest, verified, old = (
        kept(state, age * day, status)
        for age, status in ((1, "ok"), (2, "verified"), (3, "verified"))
    )
    verified_file = Path(verified.location)
    verified_file.rename(state / "elsewhere")
    assert keeping.make_room() == 0
    (state / "elsewhere").rename(verified_file)
    assert keeping.make_room() == 1
    assert [Path(row.location).exists() for row in (newest, verified, old)] == [
        True,
        True,
        False,
    ]
    old.refresh_from_db()
    assert old.status == "verified"
    keeping.retire()
    old.refresh_from_db()
    assert old.status == "expired"


@pytest.mark.django_db
def test_what_a_killed_backup_had_begun_goes_too(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (state / "backups" / ".making-dead").mkdir(parents=True)
    (state / "backups" / ".making-dead" / "database.sqlite3").write_bytes(b"half")
    keeping.retire()
    assert (state / "backups" / ".making-dead").exists(), "it may go on still"
    monkeypatch.setattr(places, "YOUNG_SECONDS", -1)
    keeping.retire()
    assert list((state / "backups").iterdir()) == []
