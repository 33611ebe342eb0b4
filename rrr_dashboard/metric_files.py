"""Where processes keep the counters that /metrics adds up: files mapped into memory.

They do not lie on the disk of STATE_DIR. A write to a mapped file on a full disk is
no error but the end of the process (SIGBUS).
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a private folder of its own inside # nosec B108
OF_PROCESS = re.compile(r".*_([0-9]+)\.db")


def folder(state: Path, instance: int) -> Path:
    """In shared memory, where the system has some; one for each port and STATE_DIR."""
    if not SHARED_MEMORY.is_dir():
        return state / "metrics"
    return SHARED_MEMORY / f"{_of(state)}{instance}"


def _of(state: Path) -> str:
    return f"rrr-metrics-{hashlib.sha256(str(state).encode()).hexdigest()[:16]}-"


def empty(state: Path, instance: int) -> None:
    """Made anew: counters of processes that are gone would be added to ours. One
    `serve` has a STATE_DIR to itself, so what was left on another port goes, too.
    Raises OSError when the name is somebody else's."""
    ours = folder(state, instance)
    for left in (*SHARED_MEMORY.glob(f"{_of(state)}*"), ours):
        remove(left)
    ours.mkdir(mode=0o700, parents=True)


def make_again() -> None:
    """In a process that starts: a log-out may remove what its user has in shared memory
    (systemd's RemoveIPC), and without the folder nothing of ours would start again."""
    if given := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        Path(given).mkdir(mode=0o700, parents=True, exist_ok=True)


def lost(folder: Path) -> str:
    """Why nothing that is counted is seen any more; "" while the folder is there."""
    return "" if folder.is_dir() else f"{folder} is gone, and with it what was counted"


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)


def make_room(folder: Path) -> None:
    """Called where files are about to be made: with half of the memory taken, those of
    processes that are gone are removed, and their counts with them."""
    with suppress(OSError):
        usage = shutil.disk_usage(folder)
        if usage.free < usage.total / 2:
            remove_of_the_dead(folder)


def remove_of_the_dead(folder: Path) -> None:
    for file in folder.glob("*.db"):
        of_process = OF_PROCESS.fullmatch(file.name)
        if of_process and not Path("/proc", of_process[1]).exists():
            file.unlink(missing_ok=True)
