"""What a crash leaves of backups goes, and after a restore the rows know their files."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.utils import timezone

from accounts.models import User
from audit import queries as audit_queries
from operations.models import Backup
from operations.services.backups import (
    files,
    keeping,
    kept,
    places,
    relisting,
    taking,
    tidying,
)
from operations.services.backups.comparing import Likeness
from tests.operations.commands import restore

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("state")]
HOUR = timedelta(hours=1)
WORKING = """
import django, time
django.setup()
from operations.services.backups import places
with places.scratch() as folder:
    (folder / "half.tar.gz").write_bytes(b"half")
    print(folder, flush=True)
    time.sleep(600)
"""


@pytest.mark.process
@pytest.mark.parametrize(
    ("kept_in", "away"),
    [("backups", False), ("far", False), ("far", True)],
    ids=["here", "elsewhere", "its place is away"],
)
def test_what_a_killed_backup_began_goes_and_what_a_living_one_does_stays(
    state: Path, settings: Any, kept_in: str, away: bool
) -> None:
    place = state / kept_in
    settings.BACKUP_URL = str(place)
    if not away:
        place.mkdir()
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "rrr_dashboard.settings",
        "STATE_DIR": str(state),
        "BACKUP_URL": str(place),
    }
    working = subprocess.Popen(
        [sys.executable, "-c", WORKING],
        env=environment,
        cwd=django_settings.BASE_DIR,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert working.stdout is not None
        folder = Path(working.stdout.readline().strip())
        assert folder.parent == (state / "backups" if away else place)
        os.utime(folder, (0, 0))
        assert places.sweep() == 0
        assert (folder / "half.tar.gz").exists()
    finally:
        working.send_signal(signal.SIGKILL)
        working.wait()
    assert places.sweep() == 1
    assert list(folder.parent.iterdir()) == []


def test_a_folder_that_was_just_made_is_left_alone(state: Path) -> None:
    (state / "backups" / ".making-new").mkdir(parents=True)
    assert places.sweep() == 0


def running(age: timedelta) -> tuple[Backup, Path]:
    """A row whose process has not said how it went, and its file."""
    backup = Backup.objects.create(engine="sqlite", started_at=timezone.now() - age)
    path = places.folder() / f"rrr-20260301T120000Z-{backup.uid.hex}.tar.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"whole, but nobody read it back")
    return backup, path


def test_a_backup_whose_process_died_is_failed_in_the_end() -> None:
    (dead, left), (living, made) = running(4 * HOUR), running(HOUR)
    assert tidying.tidy(timezone.now()) == 1
    dead.refresh_from_db()
    living.refresh_from_db()
    assert (dead.status, dead.error) == ("failed", tidying.WHY)
    assert living.status == "running"
    assert (left.exists(), made.exists()) == (False, True)


def test_a_backup_that_cannot_be_read_back_leaves_no_file(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unlike(archive: files.Archive) -> Likeness:
        return Likeness(changes=["rows.x: 1 became 2"], missing=[])

    monkeypatch.setattr(taking, "compare", unlike)
    assert taking.take("system").status == "failed"
    assert list(places.folder().iterdir()) == []


def test_a_marker_holds_the_logs_root_over_its_bodies() -> None:
    taking.take("system")
    head = audit_queries.head()
    marker = taking.take("system").marker
    assert (marker["log.size"], marker["log.root"]) == (str(head.size), head.root)


@pytest.mark.process
def test_after_a_restore_rows_are_those_of_the_files_that_are_here(
    person: Callable[..., User],
) -> None:
    """In its own snapshot a backup was running, and later ones are not in it at all."""
    gone, changed = taking.take("system"), taking.take("system")
    restored, later = taking.take("system"), taking.take("system")
    person("late", "Viewer")
    Path(gone.location).unlink()
    Path(changed.location).write_bytes(Path(later.location).read_bytes())
    restore(restored.uid.hex)
    own = Backup.objects.get(uid=restored.uid)
    assert (own.status, own.error) == ("verified", "")
    assert (own.sha256, own.location) == (restored.sha256, restored.location)
    assert own.marker == restored.marker
    assert (relisting.adopt(), keeping.look_again()) == (2, (5, 2))
    rows = {row.uid: row for row in Backup.objects.all()}
    assert (rows[later.uid].status, rows[later.uid].sha256) == ("ok", later.sha256)
    assert [rows[backup.uid].status for backup in (gone, changed)] == ["failed"] * 2
    before = [row for row in rows.values() if row.started_at > later.started_at]
    assert [row.status for row in before] == ["ok"], "what was there before it"
    assert {file.manifest.uid for file in kept.whole()} >= {own.uid.hex}
