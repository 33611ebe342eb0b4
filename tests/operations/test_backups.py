"""Backups that really come back, on the database the suite runs on."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.utils import timezone

from accounts.models import Session, User
from accounts.services.sessions import open_session
from audit import queries as audit_queries
from audit.domain.event import RESTORED
from audit.services import append, checkpoint
from kernel.half_restored import pending_file
from operations import queries
from operations.models import Alert, Backup, Job, JobRun, Notice
from operations.services.backups import copies, files, kept, places, restoring, taking
from operations.services.backups.copies import BackupError
from tests import breaches
from tests.operations.commands import restore
from tests.trades.test_migrating import LongWay

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("state")]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_desk(person: Callable[..., User]) -> tuple[User, Session]:
    """Something of everything that must not wake up again."""
    olga = person("olga", "Operator")
    breaches.look(NOON, seconds=40)
    job = Job.objects.create(name="left-behind")
    JobRun.objects.create(job=job, due_at=NOON)
    return olga, open_session(olga, Session.Kind.API)


def test_a_backup_is_private_verified_and_listed(person: Callable[..., User]) -> None:
    a_desk(person)
    backup = taking.take("system")
    assert (backup.status, backup.error) == ("verified", "")
    path = Path(backup.location)
    assert path.stat().st_mode & 0o777 == 0o600
    assert files.digest(path) == backup.sha256
    (file,) = kept.whole()
    assert file.manifest.uid == backup.uid.hex
    assert file.manifest.marker["rows.accounts_user"] == str(User.objects.count())
    assert [p.name for p in places.folder().iterdir() if p.name.startswith(".")] == []


@pytest.mark.process
def test_a_restored_copy_does_not_wake_the_past(person: Callable[..., User]) -> None:
    _, session = a_desk(person)
    backup = taking.take("system")
    person("late", "Viewer")
    size = audit_queries.head().size
    said = restore(backup.uid.hex[:8])
    assert "restored to" in said
    assert not User.objects.filter(username="late").exists()
    assert Notice.objects.get(level="firing").state == "suppressed"
    assert JobRun.objects.get(job__name="left-behind").state == "lost"
    assert Alert.objects.get().state == "resolved"
    session.refresh_from_db()
    assert session.revoked_at is not None
    newest = audit_queries.recent(1).rows[0]
    assert newest.kind == "operations.backup.restored"
    assert size >= 0
    assert not pending_file().exists()


@pytest.mark.process
def test_after_a_restore_a_dead_session_stays_dead_and_the_log_is_signed_again(
    person: Callable[..., User],
) -> None:
    """A sign-off needs both: an event in the new epoch and a checkpoint of it."""
    olga, session = a_desk(person)
    session.revoked_at = timezone.now()
    session.save()
    with transaction.atomic():
        before = checkpoint()
    backup = taking.take("system")
    restore(backup.uid.hex)
    session.refresh_from_db()
    assert session.revoked_at is not None
    with transaction.atomic():
        event = append(
            "accounts.key.created", actor=olga.actor, object="person:1", data={}
        )
        after = checkpoint()
    assert after.size == event.seq + 1
    assert after.origin == f"{before.origin}/1"
    assert audit_queries.check().ok


@pytest.mark.process
def test_a_second_restore_from_before_the_first_is_signed_again(
    person: Callable[..., User],
) -> None:
    """What the first one's epoch signed is another history, and stays that epoch's."""
    a_desk(person)
    with transaction.atomic():
        checkpoint()
    backup = taking.take("system")
    for epoch in (1, 2):
        restore(backup.uid.hex)
        with transaction.atomic():
            append("accounts.key.created", actor="system", object="person:1", data={})
            signed = checkpoint()
        assert signed.origin.endswith(f"/{epoch}")
        assert audit_queries.check(bytes(signed.note)).ok
    out = StringIO()
    call_command("verify_log", stdout=out)


def test_a_log_whose_restores_say_no_epoch_counts_them() -> None:
    with transaction.atomic():
        before = checkpoint()
    for _ in range(2):
        with transaction.atomic():
            append(RESTORED, actor="system", object="backup:1", data={})
    assert audit_queries.origin() == f"{before.origin}/2"
    assert audit_queries.next_epoch() == 3


@pytest.mark.process
def test_what_was_there_is_backed_up_first(person: Callable[..., User]) -> None:
    a_desk(person)
    first = taking.take("system")
    person("late", "Viewer")
    said = restore(first.location)
    saved = said.rsplit("before: ", 1)[1].split()[0]
    manifest = files.read_manifest(Path(kept.find(saved)))
    assert int(manifest.marker["rows.accounts_user"]) == User.objects.count() + 1


def test_without_yes_nothing_changes(person: Callable[..., User]) -> None:
    a_desk(person)
    backup = taking.take("system")
    person("late", "Viewer")
    out = StringIO()
    call_command("restore", backup.location, stdout=out)
    assert "nothing was changed" in out.getvalue()
    assert User.objects.filter(username="late").exists()


def test_a_running_product_is_not_restored_over(
    person: Callable[..., User], state: Path
) -> None:
    import fcntl

    a_desk(person)
    backup = taking.take("system")
    with (state / "database.lock").open("w") as running:
        fcntl.flock(running, fcntl.LOCK_SH)
        with pytest.raises(CommandError, match="the product is running"):
            restore(backup.location)
    assert User.objects.filter(username="olga").exists()


def flipped(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 0xFF]) + content[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: content[: len(content) // 2],
        flipped,
        lambda content: gzip.compress(b"something else"),
    ],
    ids=["empty", "truncated", "flipped", "swapped"],
)
def test_damage_is_found_before_anything_is_touched(
    person: Callable[..., User], damage: Callable[[bytes], bytes]
) -> None:
    a_desk(person)
    path = Path(taking.take("system").location)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(CommandError):
        restore(str(path))
    assert User.objects.filter(username="olga").exists()


def test_a_backup_newer_than_the_code_is_refused(
    person: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = taking.applied_migrations()
    monkeypatch.setattr(
        taking, "applied_migrations", lambda: [*real, "trades.9999_future"]
    )
    backup = taking.take("system")
    with pytest.raises(BackupError, match="newer than this code"):
        restoring.plan(backup.location)


def test_a_backup_by_a_version_whose_squash_is_gone_is_taken(
    person: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fresh database of that version names it as applied."""
    real = taking.applied_migrations()
    gone = "trades.0001_squashed_0013_generations"
    monkeypatch.setattr(taking, "applied_migrations", lambda: [*real, gone])
    assert restoring.plan(taking.take("system").location).to_migrate == 0


def older(backup: Backup) -> None:
    """The same backup, of a version that knew no table of violations."""
    path = Path(backup.location)
    with files.opened(path) as archive:
        with copies.standing_in(NAME=f"file:{archive.database}?mode=rw"):
            executor = MigrationExecutor(connection)
            executor.loader = LongWay(connection)
            executor.migrate([("operations", "0006_drills_of_a_commit")])
            migrations = taking.applied_migrations()
            counted = copies.marker("default")
        with sqlite3.connect(archive.database) as opened:
            opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        opened.close()
        before = archive.manifest.marker.items()
        marker = {name: text for name, text in before if name in counted}
        manifest = replace(
            archive.manifest,
            database_sha256=files.digest(archive.database),
            migrations=migrations,
            marker=marker,
        )
        files.write(manifest, archive.database, path.name[4:20], files.signed_heads())


@pytest.mark.process
@pytest.mark.embedded
def test_an_older_backup_is_compared_and_then_migrated(
    person: Callable[..., User],
) -> None:
    person("olga", "Operator")
    backup = taking.take("system")
    older(backup)
    manifest = files.read_manifest(Path(backup.location))
    assert "rows.operations_policyviolation" not in manifest.marker
    assert restoring.plan(backup.location).to_migrate >= 4
    assert "restored to" in restore(backup.location, "--without-saving")
    assert User.objects.filter(username="olga").exists()
    assert Backup.objects.get().status == "verified"


def test_a_full_disk_is_a_failed_backup_that_says_so(
    monkeypatch: pytest.MonkeyPatch, state: Path
) -> None:
    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files, "write", full)
    backup = taking.take("system")
    assert backup.status == "failed"
    assert "No space left" in backup.error
    assert not list((state / "backups").glob("rrr-*"))


def test_a_snapshot_is_pinned_while_others_write(person: Callable[..., User]) -> None:
    """The marker and the copy are of the same moment, whatever is written meanwhile."""
    a_desk(person)
    added: list[str] = []

    def write_meanwhile(done: int, total: int) -> None:
        if not added:
            added.append("x")
            with connection.cursor() as cursor:
                cursor.execute("UPDATE accounts_user SET first_name = 'changed'")

    assert taking.take("system", write_meanwhile).status == "verified"


def test_one_is_due_when_the_newest_is_older_than_the_frequency(settings: Any) -> None:
    settings.BACKUP_FREQUENCY = timedelta(hours=1)
    now = timezone.now()
    assert taking.due(now)
    Backup.objects.create(
        engine="sqlite", status="verified", started_at=now - timedelta(minutes=59)
    )
    assert not taking.due(now)
    assert taking.due(now + timedelta(minutes=2))


def test_a_clock_that_was_ahead_once_stops_no_backups(settings: Any) -> None:
    settings.BACKUP_FREQUENCY = timedelta(hours=1)
    now = timezone.now()
    good = {"engine": "sqlite", "status": "verified"}
    Backup.objects.create(**good, started_at=now + timedelta(days=400))
    assert taking.due(now)
    own = Backup.objects.create(**good, started_at=now - timedelta(minutes=1))
    assert not taking.due(now), "the one of today is the newest"
    assert queries.newest_good() == own


def test_differences_are_named() -> None:
    assert copies.differences({"a": "1", "b": "2"}, {"a": "1", "b": "3"}) == [
        "b: 2 became 3"
    ]
