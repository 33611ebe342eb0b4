"""Where backups lie may be away, full or back again; and who may write them unsealed."""

from __future__ import annotations

import shutil
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from pyrage.x25519 import Identity

from audit.models import AuditEvent
from kernel import build
from kernel.build import Build
from operations import queries
from operations.answers import BackupAnswer
from operations.jobs import backup as jobs
from operations.models import Backup, JobRun, RestoreDrill
from operations.probes.backup_restore import backup_restore
from operations.services.backups import drilling, files, keeping, kept, taking
from operations.services.backups.places import OutOfRoom

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def stick(state: Path, settings: Any) -> Path:
    """A folder that is not in our state directory, and is there."""
    folder = state.parent / "stick" / "backups"
    settings.BACKUP_URL = str(folder)
    folder.mkdir(parents=True)
    return folder


def unplugged(stick: Path) -> Path:
    return stick.rename(stick.parent.with_name("drawer"))


def test_an_unplugged_stick_is_said_and_loses_no_backup(stick: Path) -> None:
    backup = taking.take("system")
    drawer = unplugged(stick)
    with pytest.raises(RuntimeError, match="is not there: mount what it lies on"):
        jobs.look_again({})
    with pytest.raises(CommandError, match="is not there: mount what it lies on"):
        call_command("backup")
    assert not stick.exists(), "a new folder would fill the disk it should not be on"
    backup.refresh_from_db()
    assert backup.status == "verified"
    drawer.rename(stick)
    assert jobs.look_again({}) == "1 backup looked at: as read back"


def test_one_that_is_back_as_it_was_is_what_it_was(stick: Path) -> None:
    """An empty folder under a mount point looks as if all were lost."""
    verified, ok = taking.take("system"), taking.take("system")
    Backup.objects.filter(pk=ok.pk).update(status="ok")
    drawer = unplugged(stick)
    stick.mkdir()
    with pytest.raises(RuntimeError, match="2 of 2 backups lost"):
        jobs.look_again({})
    assert set(Backup.objects.values_list("status", flat=True)) == {"failed"}
    assert jobs.look_again({}) == "0 backups looked at: as read back"
    stick.rmdir()
    drawer.rename(stick)
    jobs.look_again({})
    rows = {row.pk: (row.status, row.error) for row in Backup.objects.all()}
    assert rows == {verified.pk: ("verified", ""), ok.pk: ("ok", "")}
    newest = AuditEvent.objects.order_by("-seq")[0]
    assert newest.kind == "operations.backup.found"


def aged(backup: Backup, days: int) -> Backup:
    at = timezone.now() - timedelta(days=days)
    Backup.objects.filter(pk=backup.pk).update(started_at=at)
    return backup


def test_a_damaged_file_goes_when_a_good_one_of_its_age_would(
    stick: Path, settings: Any
) -> None:
    settings.BACKUP_RETENTION = {"d": 2}
    old, young = aged(taking.take("system"), 9), aged(taking.take("system"), 1)
    kept = [aged(taking.take("system"), 1), aged(taking.take("system"), 2)]
    newest = taking.take("system")
    for backup in (old, young):
        Path(backup.location).write_bytes(b"else")
    assert keeping.look_again() == (5, 2)
    keeping.retire()
    assert not Path(old.location).exists()
    assert Path(kept[0].location).exists(), "a lost one takes no good one's place"
    assert Path(newest.location).exists()
    assert not Path(kept[1].location).exists()


def test_an_expired_file_on_an_unplugged_stick_goes_when_it_is_back(
    stick: Path, settings: Any
) -> None:
    settings.BACKUP_RETENTION = {"h": 1}
    old, _ = aged(taking.take("system"), 9), taking.take("system")
    drawer = unplugged(stick)
    assert keeping.retire() == 1
    drawer.rename(stick)
    assert Path(old.location).exists()
    keeping.retire()
    assert not Path(old.location).exists()
    old.refresh_from_db()
    assert (old.status, old.location) == ("expired", ""), "it is not asked for again"


def test_a_file_that_no_row_knows_is_listed_by_the_daily_look() -> None:
    backup = taking.take("system")
    Backup.objects.all().delete()
    jobs.look_again({})
    assert Backup.objects.get().uid == backup.uid


def test_no_room_to_look_is_not_damage(
    monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.BACKUP_KEY = str(Identity.generate())
    taking.take("system")
    few = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda path: few)
    with pytest.raises(OutOfRoom, match="where 0 MB are free"):
        list(kept.whole())
    Backup.objects.all().delete()
    with pytest.raises(RuntimeError, match="where 0 MB are free"):
        jobs.look_again({})


@pytest.mark.process
def test_a_restored_file_from_elsewhere_is_kept_among_ours(
    stick: Path, tmp_path: Path
) -> None:
    backup = taking.take("system")
    own_name = Path(backup.location).name
    elsewhere = tmp_path / "from-ada.tar.gz"
    shutil.move(backup.location, elsewhere)
    call_command("restore", str(elsewhere), "--yes", stdout=StringIO())
    listed = Backup.objects.get(uid=backup.uid)
    assert (listed.status, listed.location) == ("verified", str(stick / own_name))
    assert files.digest(stick / own_name) == backup.sha256
    assert elsewhere.exists()


@pytest.mark.process
def test_a_restore_does_not_need_the_place_of_later_backups(
    stick: Path, tmp_path: Path
) -> None:
    """On an empty host BACKUP_URL names what is not mounted yet."""
    backup = taking.take("system")
    elsewhere = tmp_path / "from-ada.tar.gz"
    shutil.move(backup.location, elsewhere)
    unplugged(stick)
    out = StringIO()
    call_command("restore", str(elsewhere), "--yes", "--without-saving", stdout=out)
    assert "the backup itself is not kept among ours: " in out.getvalue()
    own = Backup.objects.get(uid=backup.uid)
    assert (own.status, own.location) == ("verified", str(elsewhere))
    assert not stick.exists()


# --- sealed


def test_a_process_without_the_key_writes_none_that_anybody_can_read(
    settings: Any, stick: Path
) -> None:
    """Not even the first of all, by hand in a container that is not given the key."""
    settings.BACKUP_KEY = ""
    for _ in range(2):
        with pytest.raises(CommandError, match="this process has no BACKUP_KEY"):
            call_command("backup")
        with pytest.raises(RuntimeError, match="this process has no BACKUP_KEY"):
            jobs.backup({})
        assert list(stick.iterdir()) == []
    call_command("backup", "--unsealed", stdout=StringIO())
    assert Backup.objects.latest("started_at").key_id == ""
    assert len(list(stick.iterdir())) == 1
    with pytest.raises(CommandError, match="--unsealed"):
        call_command("backup")


@pytest.mark.parametrize(
    ("key_id", "sha256", "sealed"),
    [("age1x", "ab", True), ("", "ab", False), ("", "", None)],
)
def test_an_answer_says_whether_it_is_sealed(
    key_id: str, sha256: str, sealed: bool | None
) -> None:
    row = Backup(
        engine="sqlite", started_at=timezone.now(), key_id=key_id, sha256=sha256
    )
    assert BackupAnswer.of(row).sealed is sealed


# --- drills


@pytest.mark.parametrize("clean", [True, False])
def test_a_drill_names_its_commit_only_where_that_proves(
    monkeypatch: pytest.MonkeyPatch, clean: bool
) -> None:
    monkeypatch.setattr(build, "running", lambda: Build("b" * 40, clean=clean))
    taking.take("system")
    assert drilling.drill("system").commit == ("b" * 40 if clean else "")
    JobRun.objects.all().delete()
    assert backup_restore({}).value == "0"
    assert not JobRun.objects.exists(), "the same code is not asked again and again"
    monkeypatch.setattr(build, "running", lambda: Build("b" * 40, clean=not clean))
    assert backup_restore({}).value is None


def test_a_drill_of_another_environment_came_with_its_copy(settings: Any) -> None:
    taking.take("system")
    drilling.drill("system")
    assert backup_restore({}).value == "0"
    settings.RRR_ENV = "staging"
    assert backup_restore({}).value is None
    assert queries.newest_drill() is None
    assert RestoreDrill.objects.get().environment != "staging"
