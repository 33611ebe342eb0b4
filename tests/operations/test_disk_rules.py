"""How full a disk may be before somebody is told, and that telling needs no disk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts.models import User
from operations.domain.rules import DiskSpace, read_disk, read_disk_full
from operations.models import Alert, Backup, Notice, Rule
from operations.services import disks, paging
from operations.services.backups import keeping, places
from operations.services.disk_watch import DiskWatch

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
    (state / "backups").mkdir()
    spaces = disks.read()
    named = " ".join(space.target for space in spaces)
    assert "state, backups" in named
    assert len({space.target for space in spaces}) == len(spaces)
    assert all(0 < space.free < space.total for space in spaces)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> DiskSpace:
    space = DiskSpace(target="host: state", free=0, total=GB)
    monkeypatch.setattr(disks, "read", lambda: [space])
    return space


@pytest.fixture
def operator(person: Callable[..., User]) -> User:
    user = person("olga", "Operator")
    paging.mirror()
    return user


@pytest.mark.django_db
def test_who_is_told_from_memory_is_told_once_and_written_down_later(
    operator: User, small: DiskSpace
) -> None:
    watch = DiskWatch()
    watch.full(NOON)
    watch.full(NOON + timedelta(seconds=15))
    (message,) = mail.outbox
    assert message.subject.startswith("[P0] Disk is nearly full firing on host: state")
    assert not Alert.objects.exists()
    watch.room()
    alert = Alert.objects.get()
    assert (alert.rule, alert.state, alert.fired_at) == ("disk-full", "firing", NOON)
    notice = Notice.objects.get()
    assert (notice.state, notice.sent_at, notice.recipient) == ("sent", NOON, "olga")
    assert str(notice.uid) in message.extra_headers["Message-ID"]
    # It fills again at once: they know already.
    watch.full(NOON + timedelta(seconds=30))
    assert len(mail.outbox) == 1


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
