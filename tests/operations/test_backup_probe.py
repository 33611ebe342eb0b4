"""Probe backup_restore is clean when a backup came back, and finds what else is wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from audit.models import AuditEvent, guard
from kernel import blobs, build, registry
from kernel.build import Build
from kernel.registry import Measurement
from operations.domain import recovery
from operations.models import Backup, JobRun, RestoreDrill
from operations.probes.backup_restore import backup_restore
from operations.services.backups import drilling, engines, files, taking

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("state")]
DAY = timedelta(days=1)


def seen() -> Measurement:
    return backup_restore({})


def asked_for_a_drill() -> bool:
    return JobRun.objects.filter(job__name="restore-drill").exists()


def test_a_backup_that_came_back_is_clean_and_says_how_quickly() -> None:
    backup = taking.take("system")
    drill = drilling.drill("system")
    measured = seen()
    assert (measured.value, measured.error) == ("0", "")
    assert measured.facts["drilled_backup"] == backup.uid.hex
    assert measured.facts["rto_seconds"] == str(drill.rto_seconds)
    assert measured.facts["rpo_seconds"] == str(drill.rpo_seconds)
    assert measured.commit == build.running().commit
    assert not asked_for_a_drill()


def test_before_the_first_backup_nothing_is_measured() -> None:
    measured = seen()
    assert (measured.value, measured.error) == (None, "no backup was taken yet")
    assert not asked_for_a_drill(), "there is nothing to restore"


def test_backups_that_never_succeed_are_a_fault() -> None:
    Backup.objects.create(engine="x", status="failed", started_at=timezone.now())
    assert seen().detail.startswith("there is no good backup")


def test_a_drill_by_other_code_proves_nothing_and_a_new_one_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taking.take("system")
    assert seen().value is None
    drilling.drill("system")
    assert seen().value == "0"
    JobRun.objects.all().delete()
    monkeypatch.setattr(build, "running", lambda: Build("b" * 40, clean=True))
    assert (seen().value, asked_for_a_drill()) == (None, True)


def gone(backup: Backup) -> None:
    Path(backup.location).unlink()


def shorter(backup: Backup) -> None:
    path = Path(backup.location)
    path.write_bytes(path.read_bytes()[:-1])


def old(backup: Backup) -> None:
    Backup.objects.update(started_at=timezone.now() - 2 * DAY)


def drilled_long_ago(backup: Backup) -> None:
    RestoreDrill.objects.update(started_at=timezone.now() - 2 * DAY)


def ahead(backup: Backup) -> None:
    Backup.objects.update(started_at=timezone.now() + DAY)


def drilled_ahead(backup: Backup) -> None:
    RestoreDrill.objects.update(started_at=timezone.now() + DAY)


def slow(backup: Backup) -> None:
    RestoreDrill.objects.update(rto_seconds=recovery.RTO.total_seconds() + 1)


def failed_since(backup: Backup) -> None:
    shorter(backup)
    drilling.drill("system")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (gone, "the file of the newest good backup is gone"),
        (shorter, "has another size"),
        (old, "older than its frequency"),
        (ahead, "dated ahead of now"),
        (drilled_long_ago, "not within the last day"),
        (drilled_ahead, "not within the last day"),
        (slow, "longer than the 1800 s that are promised"),
        (failed_since, "restored on trial, digest was not equal"),
    ],
)
def test_a_fault_is_found_though_a_drill_was_good_once(
    fault: Callable[[Backup], None], words: str, settings: Any
) -> None:
    settings.BACKUP_KEY = ""  # a sealed one that lost its ending does not even open
    backup = taking.take("system", unsealed=True)
    assert drilling.drill("system").ok
    fault(backup)
    measured = seen()
    assert measured.value != "0"
    assert words in measured.detail


def rewritten(archive_database: Path) -> None:
    """An event of the copy says something else; the number of rows is the same."""
    with engines.engine().opened(archive_database) as alias, guard.lifted(alias):
        event = AuditEvent.objects.using(alias).order_by("seq")[0]
        body = bytes(event.body).replace(b"system", b"p:1")
        AuditEvent.objects.using(alias).filter(pk=event.pk).update(body=body)


@pytest.mark.embedded
def test_a_copy_with_another_log_is_found_though_every_count_is_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A lie: right in all that is counted, wrong in what the log says."""
    taking.take("system")
    backup = taking.take("system")
    path = Path(backup.location)
    with files.opened(path) as archive:
        rewritten(archive.database)
        changed = files.Manifest(
            **{
                **vars(archive.manifest),
                "database_sha256": files.digest(archive.database),
            }
        )
        heads = files.signed_heads()
        files.write(changed, archive.database, path.name[4:20], heads)
    Backup.objects.filter(pk=backup.pk).update(
        bytes=path.stat().st_size, sha256=files.digest(path)
    )
    drilling.drill("system")
    measured = seen()
    assert measured.value == "1"
    assert "log.root" in measured.detail


def test_a_copy_without_a_filed_document_is_found_though_every_row_is_right(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A lie: the rows are whole, what they name is not there."""
    digest = blobs.keep(b"what ada saw")
    monkeypatch.setattr(registry, "BLOB_NAMES", [lambda alias: {digest}])
    blobs.blob_path(digest).unlink()
    assert taking.take("system").status == "ok"
    drilling.drill("system")
    assert "files was not equal: 1 missing" in seen().detail
