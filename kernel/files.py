"""Files that are whole or not there: written beside their name, then renamed.

After a crash or a full disk the name holds the old content or the new one, never
half of either; what was begun beside it is removed. Only our own user reads them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

OTHERS = 0o077
# Where everybody keeps files.
SHARED = frozenset(map(Path, ("/", "/tmp", "/var/tmp", "/dev/shm", "/run", "/home")))  # noqa: S108 - refused, not used


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that becomes `path`, fsynced, when the block ends without an error."""
    with _beside(path) as (draft, file):
        yield file
        _sync(file)
        draft.replace(path)
        sync_folder(path.parent)


def write_whole(path: Path, content: bytes) -> None:
    """Replace `path` at once; the folder must exist."""
    with replacing(path) as file:
        file.write(content)


def write_once(path: Path, content: bytes) -> bool:
    """Make `path` unless it is there, whole from its first moment; True when this
    call made it, False when another was first."""
    with _beside(path) as (draft, file):
        file.write(content)
        _sync(file)
        try:
            os.link(draft, path)
        except FileExistsError:
            return False
        sync_folder(path.parent)
        return True


def name_whole(draft: Path, path: Path) -> None:
    """Give a finished file of the same disk its name: only our own user reads it, and
    after a crash it is there, whole, or not at all."""
    draft.chmod(0o600)
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    draft.replace(path)
    sync_folder(path.parent)


def is_shared(folder: Path) -> bool:
    """Is it a place where everybody keeps files, as /tmp and /dev/shm are?"""
    # By its name and not by its mode: a file system that was just mounted has theirs.
    return folder in SHARED


def narrow(path: Path) -> None:
    """Take every right of other users from a file, or a folder and all that lies in
    it; links are not followed. What vanishes meanwhile or belongs to somebody else
    is passed over."""
    _own_alone(path)
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            _own_alone(Path(folder) / name)


def _own_alone(path: Path) -> None:
    with suppress(FileNotFoundError, PermissionError):
        mode = path.lstat().st_mode
        if mode & OTHERS and not stat.S_ISLNK(mode):
            path.chmod(stat.S_IMODE(mode) & ~OTHERS)


def sync_folder(folder: Path) -> None:
    """Make new names in the folder survive a crash."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _beside(path: Path) -> Iterator[tuple[Path, BinaryIO]]:
    draft = path.with_name(f".{path.name}.{token_hex(6)}.new")
    handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            yield draft, file
    finally:
        draft.unlink(missing_ok=True)


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
