"""What is told while the database is away: a file each line of which counts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core import mail

from accounts.models import User
from operations.channels import ChannelError, Message
from operations.channels import email as email_channel
from operations.models import Alert, Notice, Rule
from operations.services import paging, spool
from operations.services.database_watch import DatabaseWatch
from operations.services.outbox import Recipient
from operations.services.paging import Paging
from operations.services.spool import Firing, Sent, SpooledNotice

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, settings: Any) -> Path:
    settings.STATE_DIR = tmp_path
    return tmp_path


def firing(**values: Any) -> Firing:
    given = {
        "alert": str(uuid4()),
        "entry": str(uuid4()),
        "at": NOON.isoformat(),
        "severity": "P0",
        "threshold": "0",
        "failures": 1,
        "text": "The database does not answer: gone",
        "subject": "[P0] gone",
        "body": "gone since noon",
        "notices": (
            SpooledNotice(uid=str(uuid4()), recipient="olga", address="o@example.test"),
        ),
    }
    return Firing(**{**given, **values})


def test_a_line_comes_back_as_it_was_written() -> None:
    lines: list[spool.Line] = [
        firing(),
        firing(notices=()),
        Sent(notice=str(uuid4()), at="now"),
    ]
    for line in lines:
        spool.append(line)
    (path,) = spool.waiting()
    assert list(spool.read(path)) == lines
    assert path.stat().st_mode & 0o777 == 0o600
    assert spool.folder().stat().st_mode & 0o777 == 0o700


def test_a_line_of_the_version_before_is_read_as_mail(own_state: Path) -> None:
    document = {
        "event": "firing",
        "alert": str(uuid4()),
        "entry": str(uuid4()),
        "at": NOON.isoformat(),
        "severity": "P0",
        "threshold": "0",
        "failures": 1,
        "text": "t",
        "subject": "s",
        "body": "b",
        "notices": [{"uid": str(uuid4()), "recipient": "olga", "address": "o@e.test"}],
    }
    spool.folder().mkdir()
    path = spool.folder() / "database.jsonl"
    path.write_text(json.dumps(document) + "\n")
    (line,) = spool.read(path)
    assert isinstance(line, Firing)
    assert line.notices[0].channel == "email"


@pytest.mark.parametrize(
    "tail",
    ["", '{"event": "sent"', '{"event": "sent", "notice": "x", "at": "now"}'],
    ids=["nothing", "half a line", "a whole line without its end"],
)
def test_what_a_crash_cut_off_is_left_out(tail: str) -> None:
    spool.append(firing())
    (path,) = spool.waiting()
    with path.open("a") as file:
        file.write(tail)
    assert len(list(spool.read(path))) == 1


def test_what_follows_a_cut_line_is_a_line_of_its_own() -> None:
    first, second = firing(), firing()
    spool.append(first)
    (path,) = spool.waiting()
    with path.open("a") as file:
        file.write('{"event": "sent", "notice"')
    spool.append(second)
    assert list(spool.read(path)) == [first, second]


@pytest.mark.django_db
def test_nothing_spooled_inserts_nothing() -> None:
    spool.absorb(NOON)
    assert not Alert.objects.exists()


@pytest.mark.django_db
def test_what_was_absorbed_is_put_aside() -> None:
    spool.append(firing())
    spool.absorb(NOON)
    assert spool.waiting() == []
    assert [path.suffix for path in spool.folder().iterdir()] == [".done"]


@pytest.mark.django_db
def test_of_what_was_put_aside_the_newest_twenty_files_are_kept() -> None:
    for number in range(22):
        spool.append(firing(text=f"outage {number}"))
        spool.absorb(NOON)
    kept = " ".join(path.read_text() for path in spool.folder().iterdir())
    outages = {int(found) for found in re.findall(r"outage (\d+)", kept)}
    assert outages == set(range(2, 22))


@pytest.mark.django_db
def test_an_alert_still_open_takes_the_new_failure_as_its_own() -> None:
    first, second = firing(), firing()
    for line in (first, second):
        spool.append(line)
        spool.absorb(NOON)
    alert = Alert.objects.get()
    assert str(alert.uid) == first.alert
    assert alert.timeline.filter(kind="firing").count() == 2
    # Both are about one alert: whoever was told once is not told again.
    assert Notice.objects.count() == 1


@pytest.mark.django_db
def test_without_a_recipient_one_dead_notice_says_so() -> None:
    spool.append(firing(notices=()))
    spool.absorb(NOON)
    notice = Notice.objects.get()
    assert (notice.state, notice.recipient) == ("dead", "operators")


@pytest.mark.django_db
def test_what_was_sent_meanwhile_is_not_sent_again() -> None:
    line = firing()
    spool.append(line)
    spool.append(Sent(notice=line.notices[0].uid, at=NOON.isoformat()))
    spool.absorb(NOON)
    notice = Notice.objects.get()
    assert (notice.state, notice.sent_at) == ("sent", NOON)


# --- what watch knows without the database


DEFAULT = Paging()


@pytest.mark.parametrize(
    "content",
    [
        None,
        "",
        "not json",
        "[]",
        "7",
        "{}",
        '{"recipients": [["olga", "o@example.test"]]}',
        '{"recipients": [], "moon": "full"}',
    ],
    ids=[
        "no file",
        "an empty one",
        "no JSON",
        "a list",
        "a number",
        "no recipients",
        "the version before",
        "a field of the future",
    ],
)
def test_a_mirror_that_cannot_be_read_is_none(
    own_state: Path, content: str | None
) -> None:
    if content is not None:
        paging.file().write_text(content)
    assert paging.read() == DEFAULT


@pytest.mark.django_db
def test_the_mirror_is_rewritten_only_when_something_changed(
    person: Callable[..., User],
) -> None:
    person("olga", "Operator")
    paging.mirror()
    first = paging.file().stat()
    paging.mirror()
    assert paging.file().stat().st_ino == first.st_ino
    Rule.objects.filter(name="database").update(threshold=Decimal(3))
    paging.mirror()
    assert paging.file().stat().st_ino != first.st_ino
    assert Decimal(paging.read().threshold) == 3
    assert paging.read().recipients == (
        Recipient(name="olga", address="olga@example.test"),
    )


@pytest.mark.django_db
def test_without_the_rule_the_mirror_stays() -> None:
    paging.mirror()
    Rule.objects.filter(name="database").delete()
    before = paging.file().read_bytes()
    paging.mirror()
    assert paging.file().read_bytes() == before


@pytest.mark.parametrize(
    ("threshold", "failures", "spooled"),
    [("0", 1, True), ("1", 1, False), ("1", 2, True), ("2.0000", 3, True)],
    ids=["at once", "not yet", "the second", "after three"],
)
@pytest.mark.django_db
def test_it_fires_after_more_failures_than_the_threshold(
    threshold: str, failures: int, spooled: bool
) -> None:
    Rule.objects.filter(name="database").update(threshold=Decimal(threshold))
    paging.mirror()
    watch = DatabaseWatch(ask=lambda: "gone")
    for seconds in range(failures):
        watch.look(NOON + timedelta(seconds=seconds))
    assert bool(spool.waiting()) is spooled


@pytest.mark.django_db
def test_a_disabled_rule_tells_nobody() -> None:
    Rule.objects.filter(name="database").update(enabled=False)
    paging.mirror()
    DatabaseWatch(ask=lambda: "gone").look(NOON)
    assert spool.waiting() == []


@pytest.mark.django_db
def test_failures_count_in_a_row() -> None:
    Rule.objects.filter(name="database").update(threshold=Decimal(1))
    paging.mirror()
    answers: list[str | None] = ["gone", None, "gone"]
    watch = DatabaseWatch(ask=lambda: answers.pop(0))
    for seconds in range(3):
        watch.look(NOON + timedelta(seconds=seconds))
    assert spool.waiting() == []


@pytest.fixture
def hanging_database(person: Callable[..., User]) -> DatabaseWatch:
    person("olga", "Operator")
    paging.mirror()
    return DatabaseWatch(ask=lambda: "gone")


def refusing(
    patch: pytest.MonkeyPatch, *, permanent: bool = False, address: str = ""
) -> list[str]:
    """Mail is refused, to this address or to all; whom it was tried for."""
    tried: list[str] = []

    def send(message: Message) -> None:
        tried.append(message.address)
        if address in message.address:
            raise ChannelError("no route", permanent=permanent)

    patch.setattr(email_channel, "send", send)
    return tried


def looks(watch: DatabaseWatch, seconds: range) -> None:
    for second in seconds:
        watch.look(NOON + timedelta(seconds=second))


@pytest.mark.django_db
def test_who_could_not_be_told_is_told_as_soon_as_he_can_be(
    hanging_database: DatabaseWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        refusing(patch)
        hanging_database.look(NOON)
    assert mail.outbox == []
    looks(hanging_database, range(5, 30, 5))
    assert len(mail.outbox) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("permanent", "tries"), [(False, 11), (True, 1)], ids=["for now", "for good"]
)
def test_a_mail_server_that_refuses_is_not_asked_at_every_look(
    hanging_database: DatabaseWatch,
    monkeypatch: pytest.MonkeyPatch,
    permanent: bool,
    tries: int,
) -> None:
    tried = refusing(monkeypatch, permanent=permanent)
    looks(hanging_database, range(0, 3600, 5))
    # After 10 s, 20 s, 40 s, … and then every 10 minutes.
    assert len(tried) == tries
    # A clock set back keeps nobody waiting.
    hanging_database.look(NOON - timedelta(hours=1))
    assert len(tried) == tries + (not permanent)


@pytest.mark.django_db
def test_a_slow_mail_server_does_not_hold_the_looks_up(
    hanging_database: DatabaseWatch,
    person: Callable[..., User],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("omar", "otto", "ole"):
        person(name, "Operator")
    paging.mirror()
    now = [0.0]
    tried = refusing(monkeypatch, address="nobody")
    slow = email_channel.send

    def take(message: Message) -> None:
        now[0] += 9
        slow(message)

    monkeypatch.setattr(email_channel, "send", take)
    monkeypatch.setattr("operations.services.direct.time.monotonic", lambda: now[0])
    hanging_database.look(NOON)
    assert len(tried) == 2, "no third begins after 15 s"
    hanging_database.look(NOON + timedelta(seconds=20))
    assert len(set(tried)) == len(tried) == 4


@pytest.mark.django_db
@pytest.mark.parametrize("freed", [True, False], ids=["freed", "never freed"])
def test_a_disk_that_takes_no_line_keeps_nobody_from_being_told(
    person: Callable[..., User], own_state: Path, freed: bool
) -> None:
    person("olga", "Operator")
    paging.mirror()
    (own_state / "spool").write_text("no folder can be made here")
    answers: list[str | None] = ["gone", "gone", None]
    watch = DatabaseWatch(ask=lambda: answers.pop(0))
    watch.look(NOON)
    watch.look(NOON + timedelta(seconds=5))
    assert len(mail.outbox) == 1
    if freed:
        (own_state / "spool").unlink()
    assert watch.look(NOON + timedelta(seconds=10))
    assert (Alert.objects.get().fired_at, Notice.objects.get().state) == (NOON, "sent")
