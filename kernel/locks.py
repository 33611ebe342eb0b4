"""File locks in the state directory: who uses the database, who serves.

Every process that serves, works or watches holds `database.lock` shared; restore
needs it exclusively. The kernel frees a lock when its process dies, however.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
import time
from collections.abc import Iterator
from pathlib import Path

PLACE = "hhqqi4x"  # struct flock
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


@contextlib.contextmanager
def waiting(path: Path, seconds: float) -> Iterator[None]:
    """The lock, among processes and threads alike, waited for so long at most: to
    make something once. Raises Busy."""
    deadline = time.monotonic() + seconds
    while True:
        with numbered(path, 0) as ours:
            if ours:
                yield
                return
        if time.monotonic() > deadline:
            raise Busy(f"{path} is held by another process")
        time.sleep(0.005)


@contextlib.contextmanager
def numbered(path: Path, number: int) -> Iterator[bool]:
    """Try for the lock with this number, among processes and threads alike: True
    while we have it. It is one byte's place in the file, which stays empty."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # An OFD lock is the open file's: a thread's own, and gone when it is closed.
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.fcntl(handle, fcntl.F_OFD_SETLK, _place(number))
        except (BlockingIOError, PermissionError):
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def is_numbered(path: Path, number: int) -> bool:
    """Whether somebody has the lock with this number; asking takes none."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        seen = fcntl.fcntl(handle, fcntl.F_OFD_GETLK, _place(number))
    finally:
        os.close(handle)
    kind: int = struct.unpack(PLACE, seen)[0]
    return kind != fcntl.F_UNLCK


def _place(number: int) -> bytes:
    return struct.pack(PLACE, fcntl.F_WRLCK, os.SEEK_SET, number, 1, 0)


def release(path: Path) -> None:
    """Give the lock back before the process ends."""
    handle = _held.pop(path, None)
    if handle is not None:
        os.close(handle)
