"""What a backup holds besides rows, and what becomes of it: files that people filed,
a second look, its end, and the proof that it comes back."""

from __future__ import annotations

import shutil
import sqlite3
import tarfile
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection
from django.utils import timezone

from audit.models import AuditEvent
from kernel import blobs, registry
from kernel.half_restored import pending_file
from operations.jobs import backup as jobs
from operations.models import Backup, JobRun, RestoreDrill
from operations.services.backups import (
    engines,
    files,
    keeping,
    kept,
    places,
    restoring,
    shelves,
    taking,
)
from operations.services.backups.comparing import compare
from operations.services.backups.copies import BackupError

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("state"),
]
DAY = timedelta(days=1)


@pytest.fixture
def filed(monkeypatch: pytest.MonkeyPatch) -> str:
    """The digest of a document that rows name."""
    digest = blobs.keep(b"what ada saw")
    monkeypatch.setattr(registry, "BLOB_NAMES", [lambda alias: {digest}])
    return digest


def taken(age: timedelta, status: str = "verified") -> Backup:
    places.folder().mkdir(exist_ok=True)
    path = places.folder() / f"{age}.tar.gz"
    path.write_bytes(b"kept")
    return Backup.objects.create(
        engine="sqlite",
        status=status,
        started_at=timezone.now() - age,
        location=str(path),
        sha256=files.digest(path),
    )


def kinds() -> list[str]:
    return list(AuditEvent.objects.order_by("seq").values_list("kind", flat=True))


def test_what_people_filed_is_in_the_archive_and_counted(filed: str) -> None:
    backup = taking.take("system")
    assert (backup.status, backup.error) == ("verified", "")
    assert backup.marker["files.count"] == "1"
    with files.opened(Path(backup.location)) as archive:
        with tarfile.open(archive.tar) as tar:
            assert f"files/{filed}" in tar.getnames()
        assert dict(files.beside(archive, "files")) == {filed: b"what ada saw"}


def test_a_file_that_is_not_there_any_more_is_not_called_verified(filed: str) -> None:
    blobs.blob_path(filed).unlink()
    backup = taking.take("system")
    assert backup.status == "ok"
    assert f"1 filed document missing or damaged here, the first is {filed}" in (
        backup.error
    )


def test_a_file_that_was_changed_is_not_kept_and_ends_no_backup(filed: str) -> None:
    """Else no row would be saved any more because one document is damaged."""
    blobs.blob_path(filed).write_bytes(b"what mallory wants")
    backup = taking.take("system")
    assert backup.status == "ok"
    assert f"damaged here, the first is {filed}" in backup.error
    with files.opened(Path(backup.location)) as archive:
        assert list(files.beside(archive, "files")) == []


def test_signed_heads_are_counted_and_one_that_is_missing_is_found(state: Path) -> None:
    (state / "checkpoints").mkdir()
    (state / "checkpoints" / "a.note").write_text("signed before")
    (state / "checkpoints" / "a.lock").touch()
    backup = taking.take("system")
    assert (backup.status, backup.marker["heads.count"]) == ("verified", "1")
    path = Path(backup.location)
    with files.opened(path) as archive:
        files.write(archive.manifest, archive.database, path.name[4:20], {})
    with files.opened(path) as archive:
        assert compare(archive).changes[:1] == ["heads.count: 1 became 0"]


@pytest.mark.process
def test_an_empty_host_gets_files_and_signed_heads_back(
    filed: str, state: Path
) -> None:
    (state / "checkpoints").mkdir()
    (state / "checkpoints" / "a.note").write_text("signed before")
    (state / "checkpoints" / "b.note").write_text("older")
    backup = taking.take("system")
    shutil.rmtree(state / "files")
    (state / "checkpoints" / "a.note").unlink()
    (state / "checkpoints" / "b.note").write_text("newer than the backup")
    call_command("restore", backup.location, "--yes", stdout=StringIO())
    assert blobs.blob_path(filed).read_bytes() == b"what ada saw"
    assert (state / "checkpoints" / "a.note").read_text() == "signed before"
    assert (state / "checkpoints" / "b.note").read_text() == "newer than the backup"


def test_a_backup_that_changed_is_not_verified_any_more(state: Path) -> None:
    whole, changed, gone = (taken(age * DAY) for age in (1, 2, 3))
    Path(changed.location).write_bytes(b"else")
    Path(gone.location).unlink()
    with pytest.raises(RuntimeError, match="2 of 3 backups lost"):
        jobs.look_again({})
    rows = {row.pk: row for row in Backup.objects.all()}
    assert rows[whole.pk].status == "verified"
    assert (rows[changed.pk].status, rows[gone.pk].status) == ("failed", "failed")
    assert "not what was read back" in rows[changed.pk].error
    assert "cannot be read" in rows[gone.pk].error
    assert kinds()[-2:] == ["operations.backup.lost"] * 2
    assert jobs.look_again({}) == "1 backup looked at: as read back"


def test_old_backups_end_with_their_files(settings: Any) -> None:
    settings.BACKUP_RETENTION = {"d": 2}
    young, older, oldest = (taken(age * DAY) for age in (0, 1, 2))
    assert keeping.retire() == 1
    assert Path(young.location).exists()
    assert Path(older.location).exists()
    assert not Path(oldest.location).exists()
    oldest.refresh_from_db()
    assert oldest.status == "expired"
    assert kinds()[-1:] == ["operations.backup.expired"]
    assert keeping.retire() == 0


def test_a_file_that_a_crash_left_goes_the_next_time() -> None:
    left = taken(9 * DAY, status="expired")
    taken(0 * DAY)
    keeping.retire()
    assert not Path(left.location).exists()


def test_the_only_verified_backup_stays_however_old(settings: Any) -> None:
    settings.BACKUP_RETENTION = {"h": 1}
    verified = taken(900 * DAY)
    for age in range(3):
        taken(age * DAY, status="ok")
    keeping.retire()
    assert Path(verified.location).exists()


def test_a_backup_on_somebodys_stick_is_not_ours_to_remove(
    settings: Any, tmp_path: Path
) -> None:
    settings.BACKUP_RETENTION = {"d": 2}
    _, old = taken(0 * DAY), taken(400 * DAY)
    stick = tmp_path / "stick" / "old.tar.gz"
    stick.parent.mkdir()
    shutil.move(old.location, stick)
    Backup.objects.filter(pk=old.pk).update(location=str(stick))
    keeping.retire()
    assert stick.exists()


def test_an_old_backup_under_a_new_ones_name_is_found() -> None:
    old, new = (Path(taking.take("j:backup").location) for _ in range(2))
    shutil.copyfile(old, new)
    with pytest.raises(BackupError, match="another backup than its name says"):
        files.read_manifest(new)
    with pytest.raises(BackupError, match="another backup"), files.opened(new):
        pass
    assert [file.location for file in kept.whole()] == [str(old)]


def test_the_first_backup_is_followed_by_a_drill() -> None:
    jobs.backup({"now": "true"})
    assert JobRun.objects.filter(job__name="restore-drill").count() == 1
    assert "restored in" in jobs.drill({})
    drilled = RestoreDrill.objects.get()
    assert drilled.ok
    assert drilled.assertions == {
        "digest": "equal",
        "marker": "equal",
        "files": "equal",
    }
    assert min(drilled.rto_seconds or -1, drilled.rpo_seconds or -1) > 0
    assert kinds()[-1] == "operations.backup.drilled"
    JobRun.objects.all().delete()
    jobs.backup({"now": "true"})
    assert not JobRun.objects.filter(job__name="restore-drill").exists()


def test_a_backup_that_does_not_come_back_is_a_failed_drill() -> None:
    backup = taking.take("system")
    Path(backup.location).write_bytes(b"else")
    with pytest.raises(CommandError, match="the drill failed"):
        call_command("restore_drill")
    assert not RestoreDrill.objects.get().ok
    Backup.objects.all().update(status="failed")
    with pytest.raises(CommandError, match="there is no good backup"):
        call_command("restore_drill")


@pytest.mark.parametrize(
    "error",
    [
        sqlite3.OperationalError("database is locked"),
        DatabaseError("database is locked"),
        OSError(28, "No space left on device"),
        ZeroDivisionError("division by zero"),
        KeyboardInterrupt(),
    ],
    ids=["sqlite", "django", "full disk", "a fault of the code", "Ctrl-C"],
)
def test_whatever_breaks_is_a_sentence_and_a_failed_row(
    monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def broken(*args: object) -> None:
        raise error

    monkeypatch.setattr(engines.engine(), "take_copy", broken)
    with pytest.raises(
        CommandError, match=r"no backup was made: .*(locked|space|zero|interrupted)"
    ):
        call_command("backup")
    assert Backup.objects.get().status == "failed"


def test_the_failed_row_is_written_as_soon_as_the_database_takes_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[float] = []
    real = taking._finish

    def busy(backup: Backup, actor: str, **values: object) -> None:
        if len(waited) < 2:
            raise DatabaseError("database is locked")
        real(backup, actor, **values)

    monkeypatch.setattr(taking, "_finish", busy)
    monkeypatch.setattr("operations.services.backups.taking.sleep", waited.append)
    backup = taking.take("system")
    assert (backup.status, len(waited)) == ("failed", 2)
    assert "database is locked" in Backup.objects.get().error
    monkeypatch.setattr(taking, "_finish", lambda *args, **values: busy_for_ever())
    with pytest.raises(CommandError, match="takes no row that says so"):
        call_command("backup")


def busy_for_ever() -> None:
    raise DatabaseError("database is locked")


@pytest.mark.process
def test_somebody_elses_connection_is_found_before_the_mark(state: Path) -> None:
    backup = taking.take("system")
    plan = restoring.plan(backup.location)
    with stranger(), pytest.raises(BackupError, match="still in use"):
        restoring.restore(plan)
    assert not pending_file().exists()
    assert Backup.objects.filter(pk=backup.pk).exists(), "nothing was changed"


def stranger() -> Any:
    """A connection of a program that holds no lock of ours."""
    if connection.vendor == "sqlite":
        from operations.services.backups.sqlite import _plain, database_path

        return _reading(_plain(database_path()))
    from operations.services.backups.copies import second_connection

    return _reading(second_connection("stranger"))


class _reading:  # noqa: N801 - a context manager
    def __init__(self, opened: Any) -> None:
        self.opened = opened

    def __enter__(self) -> None:
        held = self.opened.__enter__()
        if isinstance(held, sqlite3.Connection):
            held.execute("SELECT count(*) FROM operations_backup").fetchone()
        else:
            from django.db import connections

            connections[held].ensure_connection()

    def __exit__(self, *args: object) -> None:
        self.opened.__exit__(*args)


@pytest.mark.parametrize(
    ("error", "lost"),
    [
        (OSError(28, "No space left on device"), False),
        (PermissionError(13, "Permission denied"), False),
        (FileNotFoundError(2, "it is not there any more"), True),
    ],
    ids=["full", "not ours", "gone"],
)
def test_a_disk_of_ours_loses_no_backup_that_lies_in_a_bucket(
    state: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, lost: bool
) -> None:
    def fails(location: str) -> object:
        raise error

    backup = taken(DAY)
    Backup.objects.update(location="s3://elsewhere/desk/kept")
    monkeypatch.setattr(shelves, "fetched", fails)
    if lost:
        assert keeping.look_again() == (1, 1)
    else:
        with pytest.raises(places.OutOfRoom, match=str(error.strerror)):
            keeping.look_again()
    backup.refresh_from_db()
    assert backup.status == ("failed" if lost else "verified")
