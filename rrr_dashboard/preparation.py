"""What `serve` makes ready before the parts start: Valkey, database, files, people."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis
from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from accounts.services import limits
from kernel import valkey
from kernel.disk import is_full
from kernel.outages import Outage, outage
from kernel.sqlite import served_file
from operations.services.backups.sqlite import database_path
from rrr_dashboard import metric_files, processes
from rrr_dashboard.first_administrator import ask_for_one
from rrr_dashboard.preflight import one_line
from rrr_dashboard.supervisor import Say, Supervisor

VALKEY_SECONDS = 15.0
LOOK_SECONDS = 0.05


class Saying(io.TextIOBase):
    """A stream for a command whose lines `serve` says as its own."""

    def __init__(self, say: Say) -> None:
        self._say = say

    def write(self, text: str) -> int:
        self._say(text.strip())
        return len(text)


def prepare(supervisor: Supervisor, *, demo: bool) -> None:
    """Raises CommandError in words."""
    state = Path(settings.STATE_DIR)
    _open_database(state)
    _make_limits()
    if settings.EMBEDDED_REDIS:
        _start_valkey(supervisor, state)
    _migrate(state, supervisor.say)
    collect_static()
    metric_files.empty(state, settings.PORT)
    if demo:
        with _reading_at_least(supervisor.say):
            call_command("demo", stdout=Saying(supervisor.say))
    else:
        ask_for_one(supervisor.say)


def _start_valkey(supervisor: Supervisor, state: Path) -> None:
    """Until it has read what it kept; a file that it cannot read is put aside."""
    valkey.socket_path(state).unlink(missing_ok=True)
    supervisor.start(processes.embedded_valkey())
    deadline = time.monotonic() + VALKEY_SECONDS
    while not _answers(settings.REDIS_URL):
        supervisor.look()
        if time.monotonic() > deadline:
            raise CommandError(
                "the embedded Valkey did not start; see the lines above and "
                f"{state / 'valkey' / 'valkey.log'}."
            )
        time.sleep(LOOK_SECONDS)


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url, socket_timeout=1) as server:
            return bool(server.ping())
    except (redis.RedisError, OSError):
        return False


def _open_database(state: Path) -> None:
    """Made at the first start only: a vanished one is a fault."""
    initialised = state / "initialised"
    served_file.forget()
    try:
        connection.ensure_connection()
    except DatabaseError as error:
        missing = connection.vendor == "sqlite" and not database_path().exists()
        if initialised.exists() and missing:
            raise CommandError(
                "database missing; restore it (manage.py restore) or remove "
                f"{initialised} to start empty."
            ) from error
        if connection.vendor == "sqlite" and outage(error) is Outage.DAMAGED:
            raise CommandError(
                f"{database_path()} is damaged ({one_line(error)}): restore a backup "
                "(manage.py restore ID --without-saving); docs/disaster-recovery.md."
            ) from error
        raise CommandError(
            f"DATABASE_URL: the database cannot be opened ({one_line(error)}); start "
            "it, mend the address, or leave it empty for the embedded one."
        ) from error
    if connection.vendor == "sqlite":
        served_file.note(database_path())


def leave_database() -> list[Path]:
    """After everything has stopped: what was moved aside, because it belongs to a file
    that is not here any more."""
    moved = served_file.part(database_path()) if connection.vendor == "sqlite" else []
    served_file.forget()
    return moved


def _make_limits() -> None:
    """As large as they will ever be, so that no full disk ends a web process later."""
    try:
        limits.prepare()
    except OSError as error:
        raise CommandError(
            f"{error.filename}: {error.strerror}; free some space."
        ) from error


def _migrate(state: Path, say: Say) -> None:
    if not (state / "initialised").exists():
        say("making the database, which takes a minute")
    try:
        with _reading_at_least(say):
            call_command("migrate", verbosity=0, interactive=False)
    except DatabaseError as error:
        raise CommandError(
            f"DATABASE_URL: the database cannot be migrated ({one_line(error)}); see "
            "`manage.py doctor`."
        ) from error
    (state / "initialised").touch()


@contextmanager
def _reading_at_least(say: Say) -> Iterator[None]:
    """On a full disk a database that is as we need it is served for reading."""
    try:
        yield
    except DatabaseError as error:
        executor = MigrationExecutor(connection)
        missing = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if missing or not is_full(error):
            raise
        say("the disk is full: changes are taken again when there is room")


def collect_static() -> None:
    """Collect when a static file is newer than the last collection."""
    done = Path(settings.STATIC_ROOT) / ".collected"
    sources = (settings.BASE_DIR / "static").rglob("*")
    newest = max((file.stat().st_mtime for file in sources), default=0.0)
    if not done.exists() or done.stat().st_mtime < newest:
        call_command("collectstatic", verbosity=0, interactive=False, clear=True)
        done.touch()
