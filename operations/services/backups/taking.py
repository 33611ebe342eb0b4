"""Take a backup, verify it, list it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from audit.services import append
from operations.models import Backup, JobRun
from operations.queries import newest_good
from operations.services import scheduler
from operations.services.backups import engines, files
from operations.services.backups.copies import (
    BackupError,
    Marker,
    Progress,
    differences,
    marker,
)

Status = Backup.Status


def applied_migrations() -> list[str]:
    done = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in done)


def nothing(done: int, total: int) -> None:
    """No progress bar."""


def take(actor: str, progress: Progress = nothing) -> Backup:
    """Copy, pack, read back and verify; the row says how it went.

    Never raises for a failed backup: the row is `failed` and says why.
    """
    backup = Backup.objects.create(engine=engines.name(), started_at=timezone.now())
    try:
        path, facts = _make(backup, progress)
        _verify(path)
    except (BackupError, OSError) as error:
        _finish(backup, actor, status=Status.FAILED, error=str(error)[:1000])
        return backup
    _finish(
        backup,
        actor,
        status=Status.VERIFIED,
        bytes=path.stat().st_size,
        sha256=files.digest(path),
        marker=facts,
        location=str(path),
    )
    return backup


def _make(backup: Backup, progress: Progress) -> tuple[Path, Marker]:
    with files.scratch() as folder:
        engine = engines.engine()
        name = f"database.{engine.SUFFIX}"
        copied = folder / name
        facts = engine.take_copy(copied, progress)
        engine.check(copied)
        manifest = files.Manifest(
            uid=backup.uid.hex,
            engine=backup.engine,
            taken_at=backup.started_at.astimezone(UTC).isoformat(),
            database=name,
            database_sha256=files.digest(copied),
            migrations=applied_migrations(),
            marker=facts,
        )
        stamp = backup.started_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        return files.write(manifest, copied, stamp), facts


def _verify(path: Path) -> None:
    """Read the kept file back, open the copy and compare it with its marker."""
    with files.scratch() as folder:
        manifest, copied = files.unpack(path, folder)
        with engines.engine().opened(copied) as alias:
            changes = differences(manifest.marker, marker(alias))
    if changes:
        listed = "; ".join(changes[:3])
        raise BackupError(f"the copy differs from its snapshot: {listed}")


@transaction.atomic
def _finish(backup: Backup, actor: str, **values: object) -> None:
    for name, value in values.items():
        setattr(backup, name, value)
    backup.finished_at = timezone.now()
    backup.save()
    append(
        "operations.backup.taken",
        actor=actor,
        object=f"backup:{backup.uid.hex}",
        data={"status": str(backup.status), "sha256": backup.sha256},
    )


def request() -> JobRun:
    """A queued run that takes one even when none is due; see scheduler.request."""
    return scheduler.request("backup", key="now", params={"now": "true"})


def due(at: datetime) -> bool:
    """Is the newest good backup older than BACKUP_FREQUENCY (or none there)?"""
    newest = newest_good()
    return newest is None or at - newest.started_at >= settings.BACKUP_FREQUENCY
