"""What must hold before `serve` starts anything; each refusal is one sentence."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import redis
from django.conf import settings
from django.core.management.base import CommandError

from audit.channels import kept_log_key
from kernel import locks
from kernel.errors import Unavailable
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


def refuse_unusable_places() -> None:
    """Keys and checkpoints are needed later, when nobody looks at the terminal."""
    places = (
        ("CHECKPOINT_DIR", Path(settings.CHECKPOINT_DIR)),
        ("LOG_KEY_FILE", Path(settings.LOG_KEY_FILE).parent),
    )
    for name, folder in places:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            writable = os.access(folder, os.W_OK | os.X_OK)
        except OSError:
            writable = False
        if not writable:
            raise CommandError(
                f"{name}: the folder {folder} cannot be written; give it to this user, "
                "or name another place."
            )
    try:
        kept_log_key()
    except Unavailable as unusable:
        raise CommandError(
            f"{unusable} Bring back the right file, or name another."
        ) from unusable


def refuse_silent_redis() -> None:
    """A server of somebody's own that does not answer is a wrong address, or one that
    was not started: nothing here would start it."""
    if not settings.EMBEDDED_REDIS:
        _refuse_silent("REDIS_URL", settings.REDIS_URL)
    if settings.OWN_BROKER:
        _refuse_silent("CELERY_BROKER_URL", settings.CELERY_BROKER_URL)


def _refuse_silent(name: str, url: str) -> None:
    socket_dialect = url.removeprefix("redis+socket").replace("virtual_host", "db")
    plain = f"unix{socket_dialect}" if url.startswith("redis+socket") else url
    patience = {"socket_timeout": 2, "socket_connect_timeout": 2}
    try:
        with redis.Redis.from_url(plain, **patience) as server:
            server.ping()
    except (redis.RedisError, OSError, ValueError) as error:
        raise CommandError(
            f"{name}: no Redis answers there ({one_line(error)}); start it, or leave "
            f"{name} empty for the embedded one."
        ) from error


def one_line(error: Exception) -> str:
    """What a driver says, without its second line and full stop."""
    return (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".:")


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
                f"{_another(error)}."
            ) from error


def _another(error: OSError) -> str:
    if error.errno in {errno.EADDRINUSE, errno.EACCES}:
        near = settings.PORT + 1 if 1024 <= settings.PORT < 65_535 else 8000
        return f"choose another port, for example PORT={near} make run"
    return (
        "BIND must be an address of this machine, 127.0.0.1 for itself only "
        "or 0.0.0.0 for all of its addresses"
    )
