"""What must hold before `serve` starts anything; each refusal is one sentence."""

from __future__ import annotations

import socket
from pathlib import Path

from django.conf import settings
from django.core.management.base import CommandError

from kernel import locks
from operations.services.backups.restoring import pending_file
from rrr_dashboard import privacy


def claim(state: Path) -> None:
    """One `serve` per state directory, and one that we may write to."""
    try:
        state.mkdir(parents=True, exist_ok=True)
        locks.hold(state / "serve.lock", exclusive=True)
        locks.hold(state / "database.lock", exclusive=False)
        privacy.keep_private()
    except locks.Busy as busy:
        reason = (
            "a restore is running; wait until it has ended"
            if "database" in str(busy)
            else "another `serve` already runs here; stop it first, or set STATE_DIR"
        )
        raise CommandError(f"{state}: {reason}.") from busy
    except OSError as error:
        raise CommandError(
            f"{state} cannot be written ({error.strerror}): "
            "give this user the folder, or set STATE_DIR to another one."
        ) from error


def refuse_half_restore() -> None:
    """A restore that was interrupted left a database that nobody may open."""
    if pending_file().exists():
        raise CommandError(
            "a restore was interrupted: run `manage.py restore … --yes` again, "
            "to its end, before starting."
        )


def refuse_taken_port() -> None:
    """granian would share a port silently, so we try to bind it ourselves."""
    family = socket.AF_INET6 if ":" in settings.BIND else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.BIND, settings.PORT))
        except OSError as error:
            raise CommandError(
                f"{settings.BIND}:{settings.PORT} cannot be used ({error.strerror}): "
                f"choose another port, for example PORT={settings.PORT + 1} make run."
            ) from error
