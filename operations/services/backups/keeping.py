"""What becomes of backups that are there: looked at again, and expired in time."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import Q, QuerySet

from audit.services import append
from operations.domain.retention import Copy, expired
from operations.models import Backup
from operations.queries import newest_good
from operations.services.backups import files, kept, places, shelves

Status = Backup.Status
GOOD = (Status.OK, Status.VERIFIED)
GOOD_ROWS = Q(status__in=GOOD)
# Their files were read back once; one that never was has no digest.
LOST_ROWS = Q(status=Status.FAILED, was__in=GOOD) & ~Q(location="")


def look_again() -> tuple[int, int]:
    """Compare each kept file with the digest that was taken of it; (looked at, lost).

    One that differs or is gone is `failed` from now on, and says why; each day one that
    is lost already is looked at too, and if it is back as it was, so is its status. Raises Away, and loses none, while the place of our
    backups is away, and OutOfRoom while our own disk takes none to look at.
    """
    shelves.shelf().refuse_absent()
    looked = lost = 0
    for backup in Backup.objects.filter(GOOD_ROWS | LOST_ROWS).order_by("started_at"):
        fault, is_good = _fault(backup), backup.status in GOOD
        looked += is_good or not fault
        if fault and is_good:
            lost += 1
            _settle(backup, "operations.backup.lost", Status.FAILED, fault)
        elif not fault and not is_good:
            _settle(backup, "operations.backup.found", Status(backup.was), "")
    return looked, lost


def _fault(backup: Backup) -> str:
    try:
        with shelves.fetched(backup.location) as path:
            same = files.digest(path) == backup.sha256
    except OSError as error:
        in_a_bucket = backup.location.startswith(places.IN_A_BUCKET)
        if in_a_bucket and not isinstance(error, FileNotFoundError):
            raise places.OutOfRoom(
                f"our disk could not take a backup to look at: {error}"
            ) from error
        return f"its file cannot be read any more: {error.strerror}"
    except shelves.Away as away:
        if shelves.is_here(backup.location):
            raise
        return f"its file cannot be read any more: {away}"
    return "" if same else "its file is not what was read back any more"


def newest_missing() -> str:
    """Why the newest good backup would not come back, by a look that reads none of it:
    a folder may have been swapped since. "" when its file lies there. Raises BackupError
    while the place of our backups is away."""
    newest = newest_good()
    if newest is None:
        return ""
    name = newest.uid.hex
    try:
        size = shelves.size(newest.location)
    except OSError as error:
        return f"the file of the newest backup, {name}, is gone: {error.strerror}"
    if size != newest.bytes:
        return f"the file of the newest backup, {name}, is not what was read back"
    return ""


def retire() -> int:
    """Expire what BACKUP_RETENTION does not keep, and remove its files; how many.

    The row comes first, so that no row says verified of a file that is gone; a file
    that a crash left behind, or whose place was away, is removed the next time.
    """
    gone = _not_kept()
    for backup in gone:
        _settle(backup, "operations.backup.expired", Status.EXPIRED, "")
    for backup in _left_behind():
        if _remove(backup):
            Backup.objects.filter(pk=backup.pk).update(location="")
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
    return sum(_remove(backup) for backup in [*_not_kept(), *_left_behind()])


def _left_behind() -> QuerySet[Backup]:
    return Backup.objects.filter(status=Status.EXPIRED).exclude(location="")


def _not_kept() -> list[Backup]:
    """Those that BACKUP_RETENTION does not keep. One that is lost takes no good one's
    place, and goes when a good one of its age would; nor takes our first one after a
    restore the place of what was saved before it, which is another history."""
    rows = Backup.objects.filter(GOOD_ROWS | LOST_ROWS)
    return [
        backup
        for ours in (True, False)
        for backup in _not_kept_of(rows.filter(of_this_log=ours))
    ]


def _not_kept_of(rows: QuerySet[Backup]) -> list[Backup]:
    good = expired(_copies(rows.filter(GOOD_ROWS)), settings.BACKUP_RETENTION)
    lost = rows.filter(
        LOST_ROWS, pk__in=expired(_copies(rows), settings.BACKUP_RETENTION)
    )
    return [*rows.filter(pk__in=good), *lost]


def _copies(rows: QuerySet[Backup]) -> list[Copy]:
    """What is lost now was read back once, and may be whole where it is."""
    return [
        Copy(row.pk, row.started_at, Status.VERIFIED in {row.status, row.was})
        for row in rows
    ]


def _remove(backup: Backup) -> bool:
    """Only what is ours: a restored one may lie on somebody's stick, or be kept by
    another installation. True when it is not there any more."""
    if not kept.is_ours(backup.location):
        return False
    shelf, name = shelves.of(backup.location)
    try:
        shelf.remove(name)
    except FileNotFoundError:
        return True
    except (OSError, shelves.Away):
        return False
    return True


@transaction.atomic
def _settle(backup: Backup, kind: str, status: Backup.Status, error: str) -> None:
    Backup.objects.filter(pk=backup.pk).update(
        status=status, error=error, was=backup.status
    )
    append(
        kind,
        actor="j:backup",
        object=f"backup:{backup.uid.hex}",
        data={"sha256": backup.sha256, "error": error},
    )
