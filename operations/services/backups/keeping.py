"""What becomes of backups that are there: looked at again, and expired in time."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from django.conf import settings
from django.db import transaction

from audit.services import append
from operations.domain.retention import Copy, expired
from operations.models import Backup
from operations.services.backups import files

Status = Backup.Status
GOOD = (Status.OK, Status.VERIFIED)


def look_again() -> tuple[int, int]:
    """Compare each kept file with the digest that was taken of it; (looked at, lost).

    One that differs or is gone is `failed` from now on, and says why.
    """
    looked = lost = 0
    for backup in Backup.objects.filter(status__in=GOOD).order_by("started_at"):
        fault = _fault(backup)
        looked += 1
        if fault:
            lost += 1
            _settle(backup, "operations.backup.lost", Status.FAILED, fault)
    return looked, lost


def _fault(backup: Backup) -> str:
    try:
        same = files.digest(Path(backup.location)) == backup.sha256
    except OSError as error:
        return f"its file cannot be read any more: {error.strerror}"
    return "" if same else "its file is not what was read back any more"


def retire() -> int:
    """Expire what BACKUP_RETENTION does not keep, and remove its files; how many.

    The row comes first, so that no row says verified of a file that is gone; a file
    that a crash left behind is removed the next time.
    """
    good = Backup.objects.filter(status__in=GOOD)
    copies = [
        Copy(row.pk, row.started_at, row.status == Status.VERIFIED) for row in good
    ]
    gone = expired(copies, settings.BACKUP_RETENTION)
    for backup in good.filter(pk__in=gone):
        _settle(backup, "operations.backup.expired", Status.EXPIRED, "")
    for location in Backup.objects.filter(status=Status.EXPIRED).values_list(
        "location", flat=True
    ):
        with suppress(OSError):
            Path(location).unlink(missing_ok=True)
    return len(gone)


@transaction.atomic
def _settle(backup: Backup, kind: str, status: Backup.Status, error: str) -> None:
    Backup.objects.filter(pk=backup.pk).update(status=status, error=error)
    append(
        kind,
        actor="j:backup",
        object=f"backup:{backup.uid.hex}",
        data={"sha256": backup.sha256, "error": error},
    )
