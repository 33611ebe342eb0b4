"""The database rule: told while the database is away, kept when it returns."""

from __future__ import annotations

import contextlib
import errno
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core import mail
from django.db import OperationalError, connection

from accounts.models import User
from operations.domain.rules import DiskSpace
from operations.models import Alert, Heartbeat, Notice
from operations.services import disks, heartbeats, paging, spool
from operations.services.backups.sqlite import database_path
from operations.services.database_watch import DatabaseWatch, database_answers
from operations.services.watching import Watch
from tests.faults.test_foreign_writer import holding

FULL = DiskSpace(target="state", free=0, total=10**9)
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def after(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


class Database:
    """Answers, or says why not."""

    def __init__(self) -> None:
        self.failure: str | None = None

    def __call__(self) -> str | None:
        return self.failure


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, settings: object) -> Path:
    settings.STATE_DIR = tmp_path  # type: ignore[attr-defined]
    return tmp_path


@pytest.fixture
def operator(person: Callable[..., User]) -> User:
    user = person("olga", "Operator")
    paging.mirror()
    return user


def test_the_mirror_holds_rule_and_recipients_for_the_owner_only(
    operator: User, own_state: Path
) -> None:
    path = own_state / "paging.json"
    assert path.stat().st_mode & 0o777 == 0o600
    held = json.loads(path.read_text())
    assert held["recipients"] == [
        {"name": "olga", "address": "olga@example.test", "channel": "email"}
    ]
    assert held["severity"] == "P0"


def test_one_failed_look_tells_the_operator_and_leaves_a_line(operator: User) -> None:
    database = Database()
    watch = DatabaseWatch(ask=database)
    database.failure = "unable to open database file"
    assert not watch.look(NOON)
    assert not watch.look(after(5))
    (message,) = mail.outbox
    assert message.subject.startswith("[P0] Database connection failures firing")
    (path,) = spool.waiting()
    assert [type(line) for line in spool.read(path)] == [spool.Firing, spool.Sent]
    assert not Alert.objects.exists()


def test_when_it_returns_the_alert_is_kept_once_and_resolves(operator: User) -> None:
    database = Database()
    watch = DatabaseWatch(ask=database)
    database.failure = "gone"
    watch.look(NOON)
    database.failure = None
    assert watch.look(after(20))
    alert = Alert.objects.get()
    assert (alert.rule, alert.state, alert.fired_at) == ("database", "firing", NOON)
    notice = Notice.objects.get()
    assert (notice.state, notice.level) == ("sent", "firing")
    assert spool.waiting() == []
    for seconds in (25, 30, 35, 40, 45, 50):
        watch.look(after(seconds))
    assert Alert.objects.get().state == "resolved"
    assert Notice.objects.filter(level="resolved", state="queued").count() == 1


def outages(*spans: tuple[int, int], until: int) -> None:
    """watch looks every 5 s; away from the first second of a span to the last."""
    database = Database()
    watch = DatabaseWatch(ask=database)
    for seconds in range(0, until + 5, 5):
        away = any(first <= seconds <= last for first, last in spans)
        database.failure = "gone" if away else None
        watch.look(after(seconds))


def subjects() -> list[str]:
    """Which words were sent while the database was away."""
    return [
        message.subject.split(" on ")[0].split("failures ")[1]
        for message in mail.outbox
    ]


def test_a_second_outage_soon_after_resolved_is_told_again(operator: User) -> None:
    outages((10, 30), (100, 7200), until=7205)
    assert subjects() == ["firing", "firing again"]
    alert = Alert.objects.get()
    assert (alert.state, alert.episode, alert.resolved_at) == ("firing", 2, None)
    told = Notice.objects.order_by("pk").values_list("level", "state")
    assert [*told] == [
        ("firing", "sent"),
        ("resolved", "queued"),
        ("firing again", "sent"),
    ]
    assert [*alert.timeline.values_list("kind", flat=True)][-2:] == [
        "reopened",
        "answered",
    ]


def test_an_outage_in_the_midst_of_flapping_is_told_while_it_lasts(
    operator: User,
) -> None:
    outages((10, 10), (100, 100), (160, 160), (220, 1000), until=1000)
    assert subjects() == ["firing", "firing again", "flapping", "flapping"]
    assert "4 times" in mail.outbox[-1].body


def test_a_watch_killed_in_the_second_outage_tells_nobody_twice(operator: User) -> None:
    outages((10, 30), (100, 120), until=120)
    database = Database()
    database.failure = "gone"
    successor = DatabaseWatch(ask=database)
    successor.look(after(125))
    assert subjects() == ["firing", "firing again"]
    database.failure = None
    successor.look(after(130))
    assert (Alert.objects.get().episode, Alert.objects.get().unsettled) == (2, True)


@pytest.mark.parametrize(("until", "state"), [(90, "firing"), (95, "resolved")])
def test_a_failure_before_it_resolved_begins_the_wait_anew(
    operator: User, until: int, state: str
) -> None:
    outages((10, 10), (30, 30), (60, 60), until=until)
    assert (Alert.objects.get().state, subjects()) == (state, ["firing"])


def test_a_mail_that_could_not_be_sent_meanwhile_is_queued(
    operator: User, settings: object
) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1  # type: ignore[attr-defined]
    database = Database()
    watch = DatabaseWatch(ask=database)
    database.failure = "gone"
    watch.look(NOON)
    database.failure = None
    watch.look(after(5))
    assert Notice.objects.get().state == "queued"


def test_a_watch_killed_meanwhile_goes_on_with_the_same_alert(operator: User) -> None:
    database = Database()
    database.failure = "gone"
    DatabaseWatch(ask=database).look(NOON)
    successor = DatabaseWatch(ask=database)
    successor.look(after(5))
    assert len(mail.outbox) == 1
    database.failure = None
    successor.look(after(10))
    assert Alert.objects.get().fired_at == NOON


def test_a_crash_between_insert_and_rename_repeats_harmlessly(operator: User) -> None:
    database = Database()
    watch = DatabaseWatch(ask=database)
    database.failure = "gone"
    watch.look(NOON)
    (path,) = spool.waiting()
    content = path.read_bytes()
    spool.absorb(NOON)
    path.write_bytes(content)
    spool.absorb(NOON)
    assert Alert.objects.count() == 1
    assert Notice.objects.count() == 1
    assert Alert.objects.get().timeline.count() == 2


def test_a_line_cut_by_a_crash_is_left_out(operator: User) -> None:
    database = Database()
    watch = DatabaseWatch(ask=database)
    database.failure = "gone"
    watch.look(NOON)
    (path,) = spool.waiting()
    with path.open("a") as file:
        file.write('{"event": "sen')
    spool.absorb(NOON)
    assert Alert.objects.count() == 1


# --- a database that reads, but takes no change


@pytest.mark.django_db(transaction=True)
def test_the_real_question_is_a_read_and_a_write() -> None:
    assert database_answers() is None
    assert Heartbeat.objects.filter(kind="watch").exists()


@contextlib.contextmanager
def no_changes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A stranger holds SQLite's lock; PostgreSQL is a standby, as far as one sees."""
    if connection.vendor == "sqlite":
        options = connection.settings_dict["OPTIONS"]
        monkeypatch.setitem(options, "timeout", 0.2)
        with holding(database_path()):
            yield
        return
    name = connection.settings_dict["NAME"]
    words = f'ALTER DATABASE "{name}" SET default_transaction_read_only'
    with connection.cursor() as cursor:
        cursor.execute(f"{words} = on")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
            cursor.execute(f"{words} = off")
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_a_database_that_takes_no_change_is_told_while_it_still_answers(
    operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch()
    watch.look()
    with no_changes(monkeypatch):
        watch.look()
        watch.look()
    (message,) = mail.outbox
    assert message.subject.startswith("[P0] Database connection failures firing")
    assert "The database answers, but takes no change: " in message.body
    watch.look()
    assert (Alert.objects.get().state, Notice.objects.get().state) == ("firing", "sent")


def no_room(error: int) -> OperationalError:
    """As a server's, or a driver's, whose disk is full."""
    told = OperationalError("could not extend the file")
    told.__cause__ = OSError(error, "no room")
    return told


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("space", "rule"),
    [(None, "Database connection failures"), (FULL, "Disk is nearly full")],
    ids=["on a machine elsewhere", "on ours"],
)
def test_a_disk_that_we_do_not_see_is_the_databases_trouble(
    operator: User,
    monkeypatch: pytest.MonkeyPatch,
    space: DiskSpace | None,
    rule: str,
) -> None:
    """Nobody is told of one thing twice."""

    def full(*args: object, **kwargs: object) -> None:
        raise no_room(errno.ENOSPC)

    monkeypatch.setattr(disks, "full", lambda spaces: space)
    monkeypatch.setattr(heartbeats, "beat", full)
    watch = Watch()
    for _ in range(3):
        watch.look()
    (message,) = mail.outbox
    assert message.subject.startswith(f"[P0] {rule} firing")


@pytest.mark.parametrize(
    ("vendor", "free", "found"),
    [
        ("sqlite", 4_000_000, "state, database"),
        ("postgresql", 4_000_000, None),
        ("postgresql", 999_999, "state, database"),
    ],
)
def test_a_server_without_room_means_a_disk_of_ours_only_where_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, vendor: str, free: int, found: str | None
) -> None:
    monkeypatch.setattr(connection, "vendor", vendor)
    spaces = [
        DiskSpace(target="state, database", free=free, total=10**9),
        DiskSpace(target="backups", free=5_000_000, total=10**9),
    ]
    full = disks.full(spaces)
    assert (full.target if full else None) == found
