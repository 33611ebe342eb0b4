"""Backups are sealed to BACKUP_KEY (age, X25519): whoever finds one reads nothing, and
with the key any program that knows age opens it, ours or not."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import pyrage
from django.conf import settings
from pyrage.x25519 import Identity

from operations.services.backups.copies import BackupError

SUFFIX = ".age"
HEAD = b"age-encryption.org/"


def recipient() -> str:
    """Whom backups are sealed to, which is no secret; "" while BACKUP_KEY is not set."""
    return str(_identity().to_public()) if settings.BACKUP_KEY else ""


def is_sealed(path: Path) -> bool:
    """By its name, or by how it begins: people rename what they carry about."""
    with path.open("rb") as file:
        return path.suffix == SUFFIX or file.read(len(HEAD)) == HEAD


def seal(plain: BinaryIO, into: BinaryIO) -> None:
    """Raises BackupError, which holds what the disk said."""
    try:
        pyrage.encrypt_io(plain, into, [_identity().to_public()])
    except pyrage.EncryptError as error:
        raise BackupError(f"the backup could not be sealed: {error}") from error


def unseal(path: Path, into: Path) -> None:
    """Write what `path` holds to a file: bytes come out before damage behind them is
    found, so nobody may read them until this has returned. Raises BackupError."""
    if not settings.BACKUP_KEY:
        raise BackupError(
            f"{path.name} is sealed and BACKUP_KEY is not set: "
            "set it to the key that was exported"
        )
    try:
        with path.open("rb") as sealed, into.open("wb") as plain:
            pyrage.decrypt_io(sealed, plain, [_identity()])
    except pyrage.DecryptError as error:
        raise BackupError(
            f"{path.name} is damaged, or sealed to another key than BACKUP_KEY, "
            f"which opens what is sealed to {recipient()} ({error})"
        ) from error
    except OSError as error:
        raise BackupError(f"{path.name} cannot be opened: {error}") from error


def _identity() -> Identity:
    return Identity.from_str(settings.BACKUP_KEY)
