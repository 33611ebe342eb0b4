"""The rows of backups follow the files: after a restore they are those of back then, and
a file may come back with what it lies on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet

from audit import queries as audit_queries
from operations.models import Backup
from operations.services import scheduler
from operations.services.backups import keeping, kept, ownership, sealing, shelves
from operations.services.backups.comparing import Likeness
from operations.services.backups.copies import BackupError
from operations.services.backups.kept import BackupFile

Status = Backup.Status


def list_restored(file: BackupFile, seen: Likeness) -> None:
    """The restored one, which was not finished in its own snapshot. Reading all others
    may take hours, and the product stays shut meanwhile: the daily look is asked for."""
    _let_go()
    _list(
        file,
        status=Status.OK if seen.missing else Status.VERIFIED,
        of_this_log=True,
    )
    scheduler.request("backup-check", ring=False)


def _let_go() -> None:
    """Rows may have come here in the copy of another installation, which keeps and
    expires their files itself."""
    for backup in Backup.objects.filter(status__in=keeping.GOOD).exclude(location=""):
        if kept.is_of_others(backup.location):
            Backup.objects.filter(pk=backup.pk).update(
                status=Status.EXPIRED,
                was=backup.status,
                location="",
                error="kept by the installation that took it",
            )


def keep_restored(file: BackupFile) -> Iterator[str]:
    """One from elsewhere is kept among ours, another installation's as a copy. Yields
    in a sentence why it was not, and that others have theirs here."""
    try:
        if not kept.is_ours(file.location):
            location = kept.bring_in(file.location)
            _known().filter(uid=file.manifest.uid).update(location=location)
        if others := kept.of_others():
            yield others
    except (BackupError, OSError) as error:
        yield f"the backup itself is not kept among ours: {error}"


def adopt() -> int:
    """Rows for the files that no row knows, `ok`, for nobody read them back; how many.
    One that our log does not tell of was taken before a restore that it knows nothing
    of; where its manifest is another installation's, it is not listed, whatever its
    name says. Raises Away and OutOfRoom."""
    for name in kept.own_names():
        # The digest that was taken when it was read back is what it must answer to.
        location = shelves.shelf().location(name.name)
        _known().filter(uid=name.uid, status__in=keeping.GOOD).update(location=location)
    known = {uid.hex for uid in Backup.objects.values_list("uid", flat=True)}
    adopted, ours = 0, {"", ownership.own_mark()}
    for file in kept.whole(but=known):
        told = bool(audit_queries.about([f"backup:{file.manifest.uid}"], 1))
        if told or ownership.mark_of(file.manifest) in ours:
            _list(file, status=Status.OK, of_this_log=told)
            adopted += 1
    return adopted


def _known() -> QuerySet[Backup]:
    return Backup.objects.exclude(sha256="")


def _list(file: BackupFile, *, status: Backup.Status, of_this_log: bool) -> None:
    known = _known().filter(uid=file.manifest.uid)
    if known.exists():
        known.filter(status__in=keeping.GOOD).update(location=file.location)
        return
    Backup.objects.update_or_create(
        uid=file.manifest.uid,
        defaults={
            "engine": file.manifest.engine,
            "status": status,
            "started_at": datetime.fromisoformat(file.manifest.taken_at),
            "finished_at": file.modified,
            "bytes": file.bytes,
            "sha256": file.sha256,
            "key_id": sealing.recipient() if file.is_sealed else "",
            "marker": file.manifest.marker,
            "location": file.location,
            "error": "",
            "of_this_log": of_this_log,
        },
    )
