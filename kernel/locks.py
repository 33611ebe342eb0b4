"""File locks in the state directory: who uses the database, who serves.

Every process that serves, works or watches holds `database.lock` shared; restore
needs it exclusively. The kernel frees a lock when its process dies, however.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

_held: dict[Path, int] = {}


class Busy(Exception):
    """Another process holds the lock."""


def hold(path: Path, *, exclusive: bool) -> None:
    """Take the lock until this process ends. Raises Busy, or OSError when the
    file cannot be opened. Taking it again in the same process does nothing."""
    if path in _held:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
    try:
        fcntl.flock(handle, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise Busy(f"{path} is held by another process") from None
    _held[path] = handle


def release(path: Path) -> None:
    """Give the lock back before the process ends."""
    handle = _held.pop(path, None)
    if handle is not None:
        os.close(handle)
