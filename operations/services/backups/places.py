"""Where backups lie, and the private folders beside them in which one is made or
opened."""

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

MAKING = ".making-"
YOUNG_SECONDS = 60.0  # made, and perhaps not locked yet


def folder() -> Path:
    return Path(settings.BACKUP_URL.removeprefix("file://"))


@contextmanager
def scratch() -> Iterator[Path]:
    """A private folder beside the backups (the same disk), removed afterwards. It is
    locked while somebody works in it, so that `sweep` knows what a crash left."""
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=MAKING, dir=folder()) as name:
        handle = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_SH)
            yield Path(name)
        finally:
            os.close(handle)


def sweep() -> int:
    """Remove the folders that nobody works in any more; how many."""
    left = [path for path in folder().glob(f"{MAKING}*") if _is_left(path)]
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
