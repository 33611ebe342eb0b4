"""Which database file the running product serves: `serve` notes it, and whatever else
has its name later is opened by nobody.

Who has the old one open goes on in it, and who opened another in its place would read
that one with the old one's write-ahead log: what either acknowledges is lost.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db.utils import OperationalError

from kernel.files import write_whole

# What SQLite keeps beside a database, and would read into whatever has its name.
BESIDE = ("-wal", "-shm")
BEFORE = ".of-the-file-before"


def _note() -> Path:
    return Path(settings.STATE_DIR) / "database.served"


def note(path: Path) -> None:
    """From now on this file is the database. Its number stays when the host restarts."""
    write_whole(_note(), f"{path.stat().st_ino} {path}".encode())


def another(path: Path) -> bool:
    """Is what has this name another file than the one that is served? One that is gone
    is none; without a note nobody knows."""
    try:
        number, _, served = _note().read_text(encoding="utf-8").partition(" ")
        return served == str(path) and int(number) != path.stat().st_ino
    except (OSError, ValueError):
        return False


def refuse_another(path: Path) -> None:
    """Raises OperationalError, so that it counts as a database that is away."""
    if another(path):
        raise OperationalError(
            f"{path} was replaced by another file while the product runs: put the one "
            "that was there back, or stop the product and restore a backup"
        )


def forget() -> None:
    """Nothing serves: whatever has the name is the database."""
    _note().unlink(missing_ok=True)


def part(path: Path) -> list[Path]:
    """After a stop: what SQLite left beside another file belongs to the one before, and
    is moved out of its reach; where to."""
    left = [Path(f"{path}{ending}") for ending in BESIDE] if another(path) else []
    return [old.rename(f"{old}{BEFORE}") for old in left if old.exists()]
