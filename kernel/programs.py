"""Where programs of other packages lie."""

from __future__ import annotations

import shutil
from pathlib import Path

DEBIAN = Path("/usr/lib/postgresql")


def postgresql_program(name: str, places: Path = DEBIAN) -> str | None:
    """`initdb`, `pg_dump` and the like: the newest where Debian keeps them, else on
    the PATH; None when it is not installed."""
    installed = places.glob(f"*/bin/{name}")
    newest = max(installed, key=lambda path: _version(path.parts[-3]), default=None)
    return str(newest) if newest else shutil.which(name)


def _version(folder: str) -> tuple[int, ...]:
    """9.6 is older than 15."""
    return tuple(int(part) for part in folder.split(".") if part.isdecimal())
