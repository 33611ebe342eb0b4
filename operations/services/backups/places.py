"""The folder of this host in which backups are made, opened and, without a bucket, kept."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from django.conf import settings

from operations.services.backups.copies import BackupError

IN_A_BUCKET = "s3://"
MAKING = ".making-"
YOUNG_SECONDS = 60.0  # made, and perhaps not locked yet


class OutOfRoom(BackupError):
    """The disk cannot take what is needed to look; the backup may be whole."""


def folder() -> Path:
    """Of BACKUP_URL; with a bucket our own, in which nothing is kept."""
    if settings.BACKUP_URL.startswith(IN_A_BUCKET):
        return _own()
    return Path(settings.BACKUP_URL.removeprefix("file://"))


def _own() -> Path:
    return Path(settings.STATE_DIR) / "backups"


@contextmanager
def scratch() -> Iterator[Path]:
    """A private folder beside the backups (the same disk), removed afterwards; while
    that place is away, one of ours. It is locked while somebody works in it, so that
    `sweep` knows what a crash left."""
    beside = folder() if folder().is_dir() else _own()
    beside.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=MAKING, dir=beside) as name:
        handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)
            yield Path(name)
        finally:
            os.close(handle)


def refuse_no_room(what: str, needed: int, where: Path) -> None:
    """Raises OutOfRoom."""
    free = shutil.disk_usage(where).free
    if free < needed:
        raise OutOfRoom(
            f"{what} needs {needed / 1e6:.0f} MB in {where.parent}, "
            f"where {free / 1e6:.0f} MB are free"
        )


def sweep() -> int:
    """Remove the folders that nobody works in any more; how many."""
    begun = {path for place in (folder(), _own()) for path in place.glob(f"{MAKING}*")}
    left = [path for path in begun if _is_left(path)]
    for path in left:
        shutil.rmtree(path, ignore_errors=True)
    return len(left)


def _is_left(path: Path) -> bool:
    with suppress(OSError):
        if time.time() - path.stat().st_mtime < YOUNG_SECONDS:
            return False
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        finally:
            os.close(handle)
        return True
    return False
