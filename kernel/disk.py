"""Whether what went wrong went wrong because a disk is full."""

from __future__ import annotations

import errno
import sqlite3

from kernel.errors import NoRoom

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
# SHMSIZE: the index of the write-ahead log cannot be made as long as it must be.
SQLITE_FULL = frozenset({"SQLITE_FULL", "SQLITE_IOERR_SHMSIZE"})
# PostgreSQL's disk_full, by its number: no process on SQLite loads that driver.
SQLSTATE_FULL = "53100"


def is_full(error: BaseException | None) -> bool:
    """Asked of the error and of what caused it: Django wraps what a driver says."""
    while error is not None:
        if _says_so(error):
            return True
        error = error.__cause__
    return False


def _says_so(error: BaseException) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorname", "") in SQLITE_FULL
    if isinstance(error, OSError):
        return error.errno in FULL
    return getattr(error, "sqlstate", "") == SQLSTATE_FULL


def no_room(*, changes: bool) -> NoRoom:
    """For whoever asked: what became of it, and whose turn it is."""
    kept = "Nothing of your change was saved" if changes else "This cannot be shown"
    return NoRoom(
        f"The disk is full. {kept}; pages that only show something still work. "
        "Try again when an operator has made room.",
        code="disk_full",
        retry_after=60,
    )
