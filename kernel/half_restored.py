"""A restore that was interrupted leaves a database whose past is not put to rest:
sessions, mails and leases of back then would wake."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings


class HalfRestored(SystemExit):
    """Nobody may open this database; the text says what to do."""


def pending_file() -> Path:
    """Lies there from the first written page of a restore to its end."""
    return Path(settings.STATE_DIR) / "restore.pending"


def refuse_half_restored() -> None:
    """Raises HalfRestored, in every process that serves, works or watches."""
    if pending_file().exists():
        raise HalfRestored(
            "a restore was interrupted: run `manage.py restore … --yes` again, "
            "to its end, before starting."
        )
