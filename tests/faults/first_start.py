"""What a first start leaves behind, so that the other products of these tests need not
make it again: on a slow machine migrating takes a minute each time."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

DATABASE = "rrr.sqlite3"
KEPT = ("static", "initialised")


def keep(state: Path, kept: Path) -> None:
    """Of a product that runs: its database as it is now, and its collected files."""
    kept.mkdir()
    for name in KEPT:
        if (state / name).is_dir():
            shutil.copytree(state / name, kept / name)
        else:
            shutil.copyfile(state / name, kept / name)
    if not (state / DATABASE).exists():
        return  # it lies on a server
    with (
        closing(sqlite3.connect(state / DATABASE)) as running,
        closing(sqlite3.connect(kept / DATABASE)) as copy,
    ):
        running.backup(copy)
        copy.execute("PRAGMA journal_mode=WAL")


def as_kept(kept: Path, state: Path) -> Path:
    """A state folder for a product that was started once."""
    shutil.copytree(kept, state, dirs_exist_ok=True)
    return state
