"""What becomes of backups that are there: looked at again, and expired in time."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import transaction

from audit.services import append
from operations.domain.retention import Copy, expired
from operations.models import Backup
from operations.services.backups import files, places

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
    gone = _not_kept()
    for backup in gone:
        _settle(backup, "operations.backup.expired", Status.EXPIRED, "")
    for backup in Backup.objects.filter(status=Status.EXPIRED):
        _remove(backup)
    places.sweep()
    return len(gone)


def make_room() -> int:
    """On a full disk no row can be written, so the files go first and `retire` writes
    the rows when there is room; how many files went. None goes while the newest
    verified backup, which stays, is not to be seen."""
    places.sweep()
    verified = Backup.objects.filter(status=Status.VERIFIED).order_by("-started_at")
    newest = verified.first()
    if newest is None or not Path(newest.location).is_file():
        return 0
    left_behind = Backup.objects.filter(status=Status.EXPIRED)
    return sum(_remove(backup) for backup in [*_not_kept(), *left_behind])


def _not_kept() -> list[Backup]:
    """The good ones that BACKUP_RETENTION does not keep."""
    good = Backup.objects.filter(status__in=GOOD)
    copies = [
        Copy(row.pk, row.started_at, row.status == Status.VERIFIED) for row in good
    ]
    return list(good.filter(pk__in=expired(copies, settings.BACKUP_RETENTION)))


def _remove(backup: Backup) -> bool:
    """Only what lies among our backups: a restored one may lie on somebody's stick."""
    path = Path(backup.location)
    if path.parent.resolve() != places.folder().resolve():
        return False
    try:
        path.unlink()
    except OSError:
        return False
    return True


@transaction.atomic
def _settle(backup: Backup, kind: str, status: Backup.Status, error: str) -> None:
    Backup.objects.filter(pk=backup.pk).update(status=status, error=error)
    append(
        kind,
        actor="j:backup",
        object=f"backup:{backup.uid.hex}",
        data={"sha256": backup.sha256, "error": error},
    )
