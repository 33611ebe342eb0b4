"""A small file of numbers that all processes of a host count in, under one lock.

It is mapped into memory and as large as it will ever be from its first moment: a
sparse one would end whoever writes into it on a full disk (SIGBUS). The lock is the
open file's, so it goes with its process, however that ends; threads exclude each
other by a lock of the process besides.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import logging
import mmap
import os
import struct
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from kernel import locks

logger = logging.getLogger("rrr.limits")
HEADER = 4096
CELL = 8
WAIT_SECONDS = 1.0
LOOK_SECONDS = 1.0
_place = struct.Struct("hhqqi4x")
# The whole file's lock is that of its first byte.
TAKE = ctypes.create_string_buffer(_place.pack(fcntl.F_WRLCK, os.SEEK_SET, 0, 1, 0))
FREE = ctypes.create_string_buffer(_place.pack(fcntl.F_UNLCK, os.SEEK_SET, 0, 1, 0))
# Called without letting go of the interpreter's lock: another thread that calculates
# would get it for 5 ms, while every process waits for the file that we hold.
_fcntl = ctypes.PyDLL(None, use_errno=True).fcntl


class NoRoomForLimits(OSError):
    """The file cannot be made; the text says where and how large it must be."""


class LimitsBusy(Exception):
    """Somebody has held the file for WAIT_SECONDS: stopped in the middle, or stuck."""


@cache
def boot() -> str:
    """Which run of the machine this is: its clock counts from the start of it."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return "unknown"


class SharedFile:
    """`cells` are its 64-bit numbers after the header; touch them `locked()` only.

    `layout` says what the cells mean. A file that says something else, or is no such
    file, is put aside by a new one, and that is logged.
    """

    def __init__(self, path: Path, layout: str, count: int) -> None:
        self.path, self.count = path, count
        self._header = f"rrr limits 1 {layout}\n".encode().ljust(HEADER, b"\0")
        self._threads = threading.Lock()
        self._opened: int | None = None
        self._looked = 0.0
        _files.add(self)

    @contextmanager
    def locked(self) -> Iterator[memoryview]:
        """The cells, while nobody else has them. Raises LimitsBusy or NoRoomForLimits."""
        cells = self.take()
        try:
            yield cells
        finally:
            self.free()

    def ready(self) -> None:
        """Open it, and make it where it is missing."""
        self.take()
        self.free()

    def take(self) -> memoryview:
        """As `locked`, for those who count microseconds; `free` must follow."""
        # Without a time limit first: that costs a fifth.
        ours = self._threads.acquire(blocking=False)
        if not ours and not self._threads.acquire(timeout=WAIT_SECONDS):
            raise LimitsBusy(f"{self.path} is held by another thread")
        try:
            handle = self._current()
            if _fcntl(handle, fcntl.F_OFD_SETLK, TAKE):
                self._wait(handle)
        except BaseException:
            self._threads.release()
            raise
        return self.cells

    def free(self) -> None:
        try:
            if self._opened is not None:
                _fcntl(self._opened, fcntl.F_OFD_SETLK, FREE)
        finally:
            self._threads.release()

    def find(self, wanted: bytes, start: int, cells: int) -> int:
        """The number of the first cell from `start` that begins with these bytes."""
        begin, end = HEADER + CELL * start, HEADER + CELL * (start + cells)
        place = self._map.find(wanted, begin, end)
        while place >= 0 and (place - begin) % len(wanted):
            place = self._map.find(wanted, place + 1, end)
        return (place - HEADER) // CELL if place >= 0 else -1

    def close(self) -> None:
        with self._threads:
            self._let_go()

    def _wait(self, handle: int) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            if ctypes.get_errno() not in {errno.EAGAIN, errno.EACCES, errno.EINTR}:
                raise OSError(ctypes.get_errno(), "cannot be locked", str(self.path))
            if time.monotonic() > deadline:
                raise LimitsBusy(f"{self.path} is held by another process")
            time.sleep(0.00002)
            if not _fcntl(handle, fcntl.F_OFD_SETLK, TAKE):
                return

    def _current(self) -> int:
        """The file's handle, opened anew when another file has taken its name: two
        files that count beside each other would admit twice."""
        now = time.monotonic()
        if self._opened is not None and now - self._looked < LOOK_SECONDS:
            return self._opened
        self._looked = now
        if self._opened is None or not self._is_named(self._opened):
            self._open()
        assert self._opened is not None
        return self._opened

    def _is_named(self, handle: int) -> bool:
        try:
            return os.path.samestat(self.path.stat(), os.fstat(handle))
        except OSError:
            return False

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_suffix(".lock")
        try:
            with locks.waiting(beside, WAIT_SECONDS):
                handle = self._fitting()
                if handle is None:
                    handle = self._made()
        except (OSError, locks.Busy) as error:
            if self._opened is None:
                raise
            logger.warning("counting goes on in the file that was opened (%s)", error)
            return
        self._let_go()
        self._opened = handle
        self._map = mmap.mmap(handle, self._size)
        self._all = memoryview(self._map)
        self.cells = self._all[HEADER:].cast("q")

    @property
    def _size(self) -> int:
        return HEADER + CELL * self.count

    def _fitting(self) -> int | None:
        """The file that is there; None for none, and for one that we cannot use."""
        try:
            handle = os.open(self.path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return None
        except OSError as error:
            logger.warning("%s is put aside (%s)", self.path, error.strerror)
            return None
        status = os.fstat(handle)
        if status.st_size == self._size and os.pread(handle, HEADER, 0) == self._header:
            if status.st_blocks * 512 < self._size:
                self._allocate(handle)  # somebody copied it, and left the zeros out
            return handle
        os.close(handle)
        logger.warning(
            "%s is damaged, of another version or of another start of this machine: "
            "counting begins anew in a new file",
            self.path,
        )
        return None

    def _made(self) -> int:
        draft = self.path.with_name(f".{self.path.name}.new")
        draft.unlink(missing_ok=True)
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._allocate(handle)
            os.pwrite(handle, self._header, 0)
            draft.rename(self.path)
        except OSError:
            draft.unlink(missing_ok=True)
            os.close(handle)
            raise
        return handle

    def _allocate(self, handle: int) -> None:
        try:
            os.posix_fallocate(handle, 0, self._size)
        except OSError as error:
            raise NoRoomForLimits(
                error.errno,
                f"no room for the {self._size / 1e6:.0f} MB in which requests are "
                f"counted ({error.strerror})",
                str(self.path),
            ) from error

    def _let_go(self) -> None:
        if self._opened is None:
            return
        self.cells.release()
        self._all.release()
        self._map.close()
        os.close(self._opened)
        self._opened = None

    def forked(self) -> None:
        """A child has its parent's open file, and with it its lock: it opens its own."""
        self._threads = threading.Lock()
        self._let_go()


_files: weakref.WeakSet[SharedFile] = weakref.WeakSet()


def _in_a_child() -> None:
    for file in _files:
        file.forked()


os.register_at_fork(after_in_child=_in_a_child)
