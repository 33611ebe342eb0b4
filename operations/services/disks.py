"""How full the file systems are on which our things lie, as far as we see them."""

from __future__ import annotations

import platform
import shutil
from pathlib import Path

from django.conf import settings
from django.db import connection

from operations.domain.rules import DiskSpace
from operations.services.backups import places
from operations.services.backups.sqlite import database_path


def read() -> list[DiskSpace]:
    """One a file system, named after this host and what lies there."""
    devices: dict[int, tuple[Path, list[str]]] = {}
    for name, path in _places():
        try:
            device = path.stat().st_dev
        except OSError:
            continue  # not there yet, or not on this machine
        devices.setdefault(device, (path, []))[1].append(name)
    return [_space(path, names) for path, names in devices.values()]


def _places() -> list[tuple[str, Path]]:
    found = [("state", Path(settings.STATE_DIR)), ("backups", places.folder())]
    if connection.vendor == "sqlite":
        found.append(("database", database_path()))
    return found


def _space(path: Path, names: list[str]) -> DiskSpace:
    usage = shutil.disk_usage(path)
    target = f"{platform.node()}: {', '.join(names)}"
    return DiskSpace(target=target, free=usage.free, total=usage.used + usage.free)
