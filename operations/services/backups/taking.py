"""Take a backup, verify it, list it."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import sleep

from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.db.migrations.recorder import MigrationRecorder
from django.utils import timezone

from audit import queries as audit_queries
from audit.services import append, begin
from kernel.errors import said_by
from kernel.spoken import plural
from operations.models import Backup, JobRun
from operations.queries import newest_good, restored_at
from operations.services import scheduler
from operations.services.backups import (
    engines,
    files,
    kept,
    ownership,
    places,
    sealing,
    shelves,
)
from operations.services.backups.comparing import compare
from operations.services.backups.copies import (
    BackupError,
    Marker,
    Progress,
    heads_marker,
)

Status = Backup.Status
ROW_WAITS = (1, 5, 20)  # seconds; SQLite waits for its lock besides


def applied_migrations() -> list[str]:
    done = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in done)


def nothing(done: int, total: int) -> None:
    """No progress bar."""


def take(actor: str, progress: Progress = nothing, *, unsealed: bool = False) -> Backup:
    """Copy, pack, read back and verify; the row says how it went. One that anybody can
    read, for want of a BACKUP_KEY, is made only if `unsealed` says so.

    A backup that fails, however, is a row `failed` that says why, and no file; one that
    lacks a file which a row names is `ok`, not verified. Raises BackupError where not
    even the row can be written.
    """
    backup, mark = Backup(engine=engines.name(), started_at=timezone.now()), ""
    try:
        backup.save()
        _refuse_unsealed(meant=unsealed)
        with transaction.atomic():
            begin()
        mark = ownership.own_mark()
        location, facts = _make(backup, progress)
        with shelves.fetched(location) as path:
            lacking = _verify(path)
            _finish(
                backup,
                actor,
                status=Status.OK if lacking else Status.VERIFIED,
                error=lacking,
                bytes=path.stat().st_size,
                sha256=files.digest(path),
                marker=facts,
                location=location,
                key_id=sealing.recipient(),
            )
    # Whatever it was, Ctrl-C too, people read why.
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001
        with suppress(BackupError, OSError):  # its place may be what failed
            kept.remove(backup.uid.hex, mark)
        _fail(backup, actor, _sentence(error))
    return backup


def _refuse_unsealed(*, meant: bool) -> None:
    """Most processes know no BACKUP_KEY: docker-compose.yml gives it to one alone."""
    if not sealing.recipient() and not meant:
        raise BackupError(
            "this process has no BACKUP_KEY, and whoever finds the backup could read it: "
            "run it where there is one (docker compose exec worker-heavy …), set one, "
            "or say --unsealed"
        )


def _make(backup: Backup, progress: Progress) -> tuple[str, Marker]:
    shelves.shelf().refuse_absent()
    with places.scratch() as folder:
        engine = engines.engine()
        name = f"database.{engine.SUFFIX}"
        copied = folder / name
        facts = engine.take_copy(copied, progress)
        heads = files.signed_heads()
        facts |= heads_marker(heads)
        engine.check(copied)
        manifest = files.Manifest(
            uid=backup.uid.hex,
            engine=backup.engine,
            taken_at=backup.started_at.astimezone(UTC).isoformat(),
            database=name,
            database_sha256=files.digest(copied),
            migrations=applied_migrations(),
            marker=facts,
            log=audit_queries.log_name() or "",
            environment=settings.RRR_ENV,
        )
        stamp = backup.started_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
        return files.write(manifest, copied, stamp, heads), facts


def _verify(path: Path) -> str:
    """Read the kept file back and compare it with its snapshot; in words what is
    missing of the files that its rows name."""
    with files.opened(path) as archive:
        seen = compare(archive)
    if seen.changes:
        listed = "; ".join(seen.changes[:3])
        raise BackupError(f"the copy differs from its snapshot: {listed}")
    if not seen.missing:
        return ""
    return (
        f"{plural(len(seen.missing), 'filed document')} missing or damaged here, the first "
        f"is {seen.missing[0]}"
    )


def _sentence(error: BaseException) -> str:
    """The error for people."""
    if isinstance(error, KeyboardInterrupt):
        return "it was interrupted"
    known = isinstance(error, BackupError) and str(error)
    return (str(error) if known else said_by(error))[:1000]


def _fail(backup: Backup, actor: str, reason: str) -> None:
    """Write the failed row as soon as the database takes one, within a minute."""
    for wait in (*ROW_WAITS, None):
        try:
            _finish(
                backup,
                actor,
                status=Status.FAILED,
                error=reason,
                sha256="",
                location="",
            )
        except DatabaseError as error:
            if wait is None:
                raise BackupError(
                    f"{reason}; and the database takes no row that says so: {error}"
                ) from error
            sleep(wait)
        else:
            return


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
    """Is the newest good backup older than BACKUP_FREQUENCY or than the last restore (or
    none there)? What is from the future, of a clock that was ahead, says nothing of
    now."""
    newest, restored = newest_good(), restored_at()
    if newest is None or (restored and newest.started_at <= restored <= at):
        return True
    return not timedelta(0) <= at - newest.started_at < settings.BACKUP_FREQUENCY
