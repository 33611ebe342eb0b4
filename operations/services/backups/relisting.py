"""After a restore the rows of backups are those of back then; the files know better."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from operations.models import Backup
from operations.services.backups import files, keeping, sealing

Status = Backup.Status


def relist(restored: Path, *, status: Backup.Status) -> None:
    """Read the rows again from the files that are here: one that no row knows (the
    restored one was not finished in its own snapshot) becomes `ok`, for nobody read it
    back, and the restored one `status`; what is elsewhere or damaged is `failed`."""
    here = {file.manifest.uid: file for file in files.whole()}
    own = files.BackupFile(restored, files.read_manifest(restored))
    for uid, file in ({own.manifest.uid: own} | here).items():
        _relist(file, status if uid == own.manifest.uid else Status.OK)
    keeping.look_again()


def _relist(file: files.BackupFile, status: Backup.Status) -> None:
    known = Backup.objects.filter(uid=file.manifest.uid).exclude(sha256="")
    if known.exists():
        # The digest that was taken when it was read back is what it must answer to.
        known.filter(status__in=keeping.GOOD).update(location=str(file.path))
        return
    about = file.path.stat()
    Backup.objects.update_or_create(
        uid=file.manifest.uid,
        defaults={
            "engine": file.manifest.engine,
            "status": status,
            "started_at": datetime.fromisoformat(file.manifest.taken_at),
            "finished_at": datetime.fromtimestamp(about.st_mtime, UTC),
            "bytes": about.st_size,
            "sha256": files.digest(file.path),
            "key_id": sealing.recipient() if sealing.is_sealed(file.path) else "",
            "marker": file.manifest.marker,
            "location": str(file.path),
            "error": "",
        },
    )
