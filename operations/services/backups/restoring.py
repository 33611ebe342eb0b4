"""Put a backup back, so that a restored copy does not wake the past.

Refuses while any process uses the database, backs up what is there first, and
before anything may open the restored database: unfinished work is lost, unsent
notices are suppressed, open alerts resolved, every session and token revoked, and
the log starts its next epoch with an event that says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from accounts.services.sessions import end_everybody
from audit import channels as audit_channels
from audit import queries as audit_queries
from audit.services import append
from kernel import locks
from kernel.files import write_whole
from operations.domain.alerting import TimelineKind
from operations.models import Alert, Backup, Follower, JobRun, Notice
from operations.services import timeline
from operations.services.backups import engines, files, taking
from operations.services.backups.engines import BackupError, Progress


@dataclass(frozen=True)
class Plan:
    """What a restore would do; `taken_at` is the moment it goes back to."""

    path: Path
    manifest: files.Manifest
    to_migrate: int


def pending_file() -> Path:
    """Lies there from the first written page to the end: `serve` refuses then."""
    return Path(settings.STATE_DIR) / "restore.pending"


def plan(name: str) -> Plan:
    """Look at a backup without changing anything. Raises BackupError."""
    path = files.find(name)
    with files.scratch() as folder:
        manifest, copied = files.unpack(path, folder)
        _same_engine(manifest)
        engines.check(copied)
    known = {
        f"{app}.{migration}" for app, migration in MigrationLoader(None).disk_migrations
    }
    newer = sorted(set(manifest.migrations) - known)
    if newer:
        raise BackupError(
            f"the backup is newer than this code ({newer[0]} is unknown here): "
            "check out the version that took it"
        )
    return Plan(path, manifest, len(known - set(manifest.migrations)))


def _same_engine(manifest: files.Manifest) -> None:
    if manifest.engine != engines.engine():
        raise BackupError(
            f"the backup is of {manifest.engine}, this database is {engines.engine()}"
        )


def restore(chosen: Plan, progress: Progress = taking.nothing) -> str:
    """Do it; returns one sentence. Raises BackupError with nothing changed, or, once
    writing has begun, with `restore.pending` left so that nothing serves it."""
    _alone()
    saved = _save_target()
    with files.scratch() as folder:
        manifest, copied = files.unpack(chosen.path, folder)
        with engines.opened(copied) as alias:
            wrong = engines.differences(manifest.marker, engines.marker(alias))
        if wrong:
            raise BackupError(f"the backup does not restore to its marker: {wrong[0]}")
        write_whole(pending_file(), chosen.path.name.encode())
        engines.put_back(copied, progress)
    call_command("migrate", verbosity=0, interactive=False)
    settle(manifest, timezone.now())
    (Path(settings.STATE_DIR) / "initialised").touch()
    pending_file().unlink()
    before = f"; what was here before: {saved}" if saved else ""
    return f"restored to {manifest.taken_at}{before}"


def _alone() -> None:
    try:
        locks.hold(Path(settings.STATE_DIR) / "database.lock", exclusive=True)
    except locks.Busy as busy:
        raise BackupError(
            "the product is running: stop `serve` and everything else that uses the database"
        ) from busy


def _save_target() -> str:
    """Back up what is there, if there is anything that can be read."""
    try:
        connection.ensure_connection()
        if "operations_backup" not in connection.introspection.table_names():
            return ""
    except DatabaseError:
        return ""
    saved = taking.take("system")
    if saved.status == Backup.Status.FAILED:
        raise BackupError(
            f"what is here now could not be backed up first: {saved.error}"
        )
    return saved.uid.hex


@transaction.atomic
def settle(manifest: files.Manifest, at: datetime) -> None:
    """One transaction after which the restored database may be opened."""
    JobRun.objects.filter(state__in=JobRun.UNFINISHED).update(
        state=JobRun.State.LOST,
        lease_owner="",
        lease_until=None,
        finished_at=at,
        error="restored",
    )
    Backup.objects.filter(status=Backup.Status.RUNNING).update(
        status=Backup.Status.FAILED, finished_at=at, error="restored"
    )
    Notice.objects.filter(state__in=[Notice.State.QUEUED, Notice.State.SENDING]).update(
        state=Notice.State.SUPPRESSED,
        lease_owner="",
        lease_until=None,
        last_error="restored",
    )
    for alert in Alert.objects.exclude(state=Alert.State.RESOLVED):
        timeline.note(
            alert,
            TimelineKind.RESOLVED,
            at=at,
            actor="system",
            text="restored from a backup",
        )
    Alert.objects.exclude(state=Alert.State.RESOLVED).update(
        state=Alert.State.RESOLVED, resolved_at=at
    )
    end_everybody(reason="restored")
    head = audit_queries.head()
    published = audit_channels.published(head.origin)
    append(
        "operations.backup.restored",
        actor="system",
        object=f"backup:{manifest.uid}",
        data={
            "origin": head.origin,
            "published_size": str(published.size if published else 0),
            "published_root": published.root if published else "",
            "restored_size": str(head.size),
        },
    )
    Follower.objects.update(next_seq=head.size + 1)
