"""A restore goes back to before some backups: they are of another history than ours, and
neither counted as ours nor thrown away for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from operations import queries
from operations.jobs import backup as jobs
from operations.models import Backup, JobRun, RestoreDrill
from operations.services import bell
from operations.services.backups import files, keeping, relisting, taking
from tests.operations.commands import restore

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.process,
    pytest.mark.usefixtures("state"),
]


def look() -> Backup:
    """What the daily look then lists: the save of what was there before the restore."""
    jobs.look_again({})
    return Backup.objects.filter(of_this_log=False).latest("started_at")


def test_only_the_restored_one_is_read_while_the_product_is_shut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taking.take("system")
    restored, later = taking.take("system"), taking.take("system")
    read: list[str] = []
    unsealed = files._unsealed

    def noted(path: Path, into: Path) -> Path:
        read.append(path.name)
        return unsealed(path, into)

    monkeypatch.setattr(files, "_unsealed", noted)
    monkeypatch.setattr(bell, "ring", lambda run, **kwargs: read.append("rang"))
    restore(restored.uid.hex, "--without-saving")
    assert set(read) == {Path(restored.location).name}
    assert not Backup.objects.filter(uid=later.uid).exists()
    waiting = JobRun.objects.get(job__name="backup-check", state="queued")
    assert waiting.published_at is None, "the first tick rings"
    jobs.look_again({})
    assert Backup.objects.get(uid=later.uid).status == "ok"


def test_what_was_saved_before_a_restore_is_no_backup_of_what_is_here_now(
    person: Callable[..., User], settings: Any
) -> None:
    settings.BACKUP_FREQUENCY = timedelta(hours=24)
    restored = taking.take("system")
    person("late", "Viewer")
    restore(restored.uid.hex)
    saved = look()
    assert saved.started_at > restored.started_at
    assert queries.newest_good() == Backup.objects.get(uid=restored.uid)
    assert taking.due(timezone.now()), "nothing of the new history is backed up yet"
    jobs.drill({})
    assert RestoreDrill.objects.get().backup.uid == restored.uid
    assert " verified, " in jobs.backup({})
    newest = queries.newest_good()
    assert newest is not None
    assert newest.started_at > saved.started_at
    assert not taking.due(timezone.now())
    assert "not due" in jobs.backup({})


def test_an_older_backup_of_the_same_history_is_ours(
    person: Callable[..., User],
) -> None:
    """Also where its row is lost: the log tells of it."""
    older, restored = taking.take("system"), taking.take("system")
    restore(restored.uid.hex)
    Backup.objects.filter(uid=older.uid).delete()
    assert relisting.adopt() == 2
    assert Backup.objects.get(uid=older.uid).of_this_log
    assert Backup.objects.filter(of_this_log=False).count() == 1


def test_the_first_backup_after_a_restore_does_not_expire_what_was_saved_before_it(
    settings: Any,
) -> None:
    """Of the same hour and day, and on SQLite the only copy of what was there."""
    settings.BACKUP_RETENTION = {"h": 24, "d": 7}
    restored = taking.take("system")
    restore(restored.uid.hex)
    saved = look()
    taking.take("system")
    keeping.retire()
    saved.refresh_from_db()
    assert saved.status == "ok"
    assert Path(saved.location).exists()


def test_a_clock_that_was_ahead_at_a_restore_makes_no_backup_every_five_minutes(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.BACKUP_FREQUENCY = timedelta(hours=24)
    restored = taking.take("system")
    ahead = timezone.now() + timedelta(days=400)
    with monkeypatch.context() as patch:
        patch.setattr("audit.services.timezone.now", lambda: ahead)
        restore(restored.uid.hex, "--without-saving")
    assert queries.restored_at() == ahead
    assert not taking.due(timezone.now())
