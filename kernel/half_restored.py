"""A restore that was killed while one database took the other's place: perhaps there is
none just now, and whoever opened it would begin anew."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from kernel.refusals import RefusedStart


class HalfRestored(RefusedStart):
    """Nobody may open this database; the text says what to do."""


def pending_file() -> Path:
    """Lies there while a restore puts the new database in the old one's place."""
    return Path(settings.STATE_DIR) / "restore.pending"


def refuse_half_restored() -> None:
    """Raises HalfRestored, in every process that serves, works or watches."""
    if pending_file().exists():
        raise HalfRestored(
            "a restore was interrupted: run `manage.py restore … --yes` again, "
            "to its end, before starting."
        )
