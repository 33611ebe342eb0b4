"""BACKUP_KEY leaves this host, so that what is sealed to it can be opened elsewhere."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import transaction

from audit.services import append
from kernel.files import write_once
from operations.queries import key_object
from operations.services.backups import places, sealing
from operations.services.backups.copies import BackupError


def exported_key() -> str:
    """The key as people keep it; raises BackupError while there is none."""
    if not settings.BACKUP_KEY:
        raise BackupError("BACKUP_KEY is not set, so no backup is sealed")
    return str(settings.BACKUP_KEY)


def export_to(target: Path) -> None:
    """Write the key to a new file (mode 600), which BACKUP_KEY_FILE may name and
    `age -d -i` reads. Raises BackupError."""
    text = exported_key() + "\n"
    for place in (Path(settings.STATE_DIR), places.folder()):
        if target.resolve().is_relative_to(place.resolve()):
            raise BackupError(
                f"{target} would be lost, or found, together with the backups: "
                f"name a file outside {place}"
            )
    try:
        made = write_once(target, text.encode())
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror}") from error
    if not made:
        raise BackupError(f"{target} is there already: name another file")


@transaction.atomic
def note_export(actor: str) -> None:
    """The log says that this key was taken out, and so `doctor` stops asking for it."""
    append(
        "operations.backup.key_exported",
        actor=actor,
        object=key_object(sealing.recipient()),
        data={},
    )
