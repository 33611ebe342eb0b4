"""How full the file systems are on which our things lie, as far as we see them."""

from __future__ import annotations

import shutil
from functools import partial
from pathlib import Path
from typing import Protocol

from django.conf import settings
from django.db import connection

from kernel.deadline import Overdue, within
from operations.domain.rules import DiskSpace
from operations.services.backups import places
from operations.services.backups.sqlite import database_path

DATABASE = "database"
NOTHING = 1_000_000
SECONDS = 2.0  # a mount whose server is gone answers never


class _Usage(Protocol):
    """What shutil.disk_usage answers, in bytes."""

    @property
    def used(self) -> int: ...

    @property
    def free(self) -> int: ...


def read() -> list[DiskSpace]:
    """One a file system, named after what lies there: a name that the next start, the
    next container or the first backup changes would leave its alert behind."""
    devices: dict[int, tuple[_Usage, list[str]]] = {}
    for name, path in _places():
        try:
            device, usage = within(SECONDS, partial(_look, path))
        except (OSError, Overdue):
            continue  # not on this machine, or a mount that does not answer
        devices.setdefault(device, (usage, []))[1].append(name)
    return [
        DiskSpace(
            target=", ".join(names), free=usage.free, total=usage.used + usage.free
        )
        for usage, names in devices.values()
    ]


def full(spaces: list[DiskSpace]) -> DiskSpace | None:
    """The one that a write must have meant that found no room: SQLite's, else one that
    has nothing left. None: it is none of these, but a server's elsewhere."""
    if connection.vendor == "sqlite":
        return next((space for space in spaces if DATABASE in space.target), None)
    fullest = min(spaces, key=lambda space: space.free, default=None)
    return fullest if fullest is not None and fullest.free < NOTHING else None


def _places() -> list[tuple[str, Path]]:
    places_of_ours = [("state", Path(settings.STATE_DIR)), ("backups", places.folder())]
    if connection.vendor == "sqlite":
        places_of_ours.append((DATABASE, database_path()))
    return places_of_ours


def _nearest(path: Path) -> Path:
    """The path, or the nearest folder above it that is there: what will be made is
    made on the same file system."""
    path = path.absolute()
    return next(each for each in (path, *path.parents) if each.exists())


def _look(path: Path) -> tuple[int, _Usage]:
    """The number of its file system, and how full that is."""
    there = _nearest(path)
    return there.stat().st_dev, shutil.disk_usage(there)
