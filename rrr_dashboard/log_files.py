"""STATE_DIR/log: what the parts write while `serve` speaks on a terminal."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

# Six parts, with two files each, stay under 100 MB.
MOST_BYTES = 6_000_000


class LogFiles:
    """NAME.log of each part and the one before it, NAME.log.1."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def open(self, name: str) -> int:
        """A descriptor to append to. Raises OSError."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        return os.open(self.folder / f"{name}.log", flags, 0o600)

    def rotate(self) -> None:
        """Begin anew what has grown too long. The parts hold their files open, so it
        is copied and emptied: what is written in that very moment is lost. Where
        there is no room for the copy, the next look tries again."""
        for path in self.folder.glob("*.log"):
            with suppress(OSError):
                if path.stat().st_size > MOST_BYTES:
                    shutil.copyfile(path, path.with_suffix(".log.1"))
                    os.truncate(path, 0)
