"""Backups by themselves: taken when one is due, expired, looked at again, drilled."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from kernel.display import plural
from kernel.registry import Params, job
from operations import queries
from operations.models import Backup
from operations.services import scheduler
from operations.services.backups import (
    drilling,
    keeping,
    kept,
    relisting,
    taking,
    tidying,
)
from operations.services.backups.copies import BackupError


@job(
    "backup",
    title="Backup when one is due",
    schedule="every 5m",
    timeout=timedelta(hours=1),
)
def backup(params: Params) -> str:
    """Raises RuntimeError when a backup was due and could not be made, and when the
    newest was not where it was left; then another has been taken."""
    tidying.tidy(timezone.now())
    # First, so that a disk that is full of old ones has room for a new one.
    keeping.retire()
    try:
        missing = keeping.newest_missing()
    except BackupError as error:
        raise RuntimeError(f"backups could not be looked at: {error}") from error
    asked = params.get("now") == "true"
    if not asked and not missing and not taking.due(timezone.now()):
        return "not due: the newest backup is young enough"
    made = taking.take("j:backup", taking.nothing)
    if made.status == Backup.Status.FAILED:
        raise RuntimeError(f"no backup was made: {made.error}")
    if queries.newest_drill() is None:
        scheduler.request("restore-drill")
    if missing:
        raise RuntimeError(f"{missing}; {made.uid.hex} was taken instead")
    return f"{made.uid.hex} {made.status}, {made.bytes} bytes"


@job(
    "backup-check",
    title="Second look at backups",
    schedule="daily 02:40 UTC",
    timeout=timedelta(hours=1),
)
def look_again(params: Params) -> str:
    """Raises RuntimeError when a file is not what was read back any more, or where the
    files lie is away."""
    # One whose file had to make room on a full disk is expired, not lost.
    keeping.retire()
    try:
        relisting.adopt()
        looked, lost = keeping.look_again()
        others = kept.of_others()
    except BackupError as error:
        raise RuntimeError(f"backups could not be looked at: {error}") from error
    if lost:
        raise RuntimeError(f"{lost} of {plural(looked, 'backup')} lost")
    also = f"; {others}" if others else ""
    return f"{plural(looked, 'backup')} looked at: as read back{also}"


@job(
    "restore-drill",
    title="Restore drill",
    schedule="daily 03:00 UTC",
    timeout=timedelta(hours=1),
)
def drill(params: Params) -> str:
    """Raises RuntimeError when the newest backup does not come back."""
    drilled = drilling.drill("j:restore-drill")
    if not drilled.ok:
        raise RuntimeError(f"the drill failed: {drilled.differences}")
    return f"restored in {drilled.rto_seconds} s, to {drilled.rpo_seconds} s before"
