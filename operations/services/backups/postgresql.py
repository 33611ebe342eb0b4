"""PostgreSQL is copied by pg_dump at an exported snapshot, with its own programs."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

from django.db import connections, transaction
from django.utils import timezone

from kernel.postgresql.options import for_programs
from kernel.programs import postgresql_program
from operations.domain.asides import (
    Aside,
    beginning_beside,
    database_beside,
    is_beside,
)
from operations.services.backups.copies import (
    BackupError,
    Marker,
    Progress,
    Ready,
    marker,
    second_connection,
    standing_in,
)

SUFFIX = "dump"
TIMEOUT_SECONDS = 3600
GONE_SECONDS = 5
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


@contextmanager
def _maintenance() -> Iterator[str]:
    """A connection to the server, whichever databases it has."""
    with second_connection(f"maintenance-{token_hex(4)}", NAME="postgres") as alias:
        yield alias


def take_copy(target: Path, progress: Progress) -> Marker:
    with second_connection("backup") as alias, transaction.atomic(using=alias):
        with connections[alias].cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            # This transaction idles for as long as the copy takes.
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("SELECT pg_export_snapshot()")
            snapshot = cursor.fetchone()[0]
        facts = marker(alias)
        _run(
            "pg_dump",
            *("-Fc", f"--snapshot={snapshot}", "-f", str(target)),
            database=_name(),
        )
    return facts


@contextmanager
def opened(copied: Path) -> Iterator[str]:
    _sweep()
    with _scratch() as name:
        _restore(copied, name)
        with second_connection("scratch", NAME=name) as alias:
            yield alias


@contextmanager
def _scratch() -> Iterator[str]:
    """A database of a name of its own, dropped afterwards. A lock of the server is held
    as long as somebody works in it, so that `_sweep` knows what a kill left."""
    name = _scratch_beginning() + token_hex(6)
    with _maintenance() as alias, connections[alias].cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [_lock_number(name)])
        _create(name)
        try:
            yield name
        finally:
            # What does not go now goes with the next sweep; the first error counts.
            with suppress(BackupError):
                _run("dropdb", "--if-exists", "--force", name)


def _sweep() -> None:
    """Drop the scratch databases that nobody works in any more."""
    with _maintenance() as alias, connections[alias].cursor() as cursor:
        cursor.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)",
            [_scratch_beginning()],
        )
        for (name,) in cursor.fetchall():
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [_lock_number(name)])
            if cursor.fetchone()[0]:
                _run("dropdb", "--if-exists", "--force", name)


def _scratch_beginning() -> str:
    """Of this database: another one of the same server has scratch ones of its own."""
    return f"rrr_scratch_{hashlib.sha256(_name().encode()).hexdigest()[:8]}_"


def _lock_number(name: str) -> int:
    return int(hashlib.sha256(name.encode()).hexdigest()[:15], 16)


def check(copied: Path) -> None:
    _run("pg_restore", "--list", str(copied))


def _name() -> str:
    return str(connections["default"].settings_dict["NAME"])


def there() -> bool:
    return bool(_asked("SELECT 1 FROM pg_database WHERE datname = %s", _name()))


def _asked(question: str, *values: str) -> list[tuple[Any, ...]]:
    """Rows of the server's answer, whichever databases it has."""
    with _maintenance() as alias, connections[alias].cursor() as cursor:
        cursor.execute(question, values)
        return list(cursor.fetchall())


def refuse_others() -> None:
    """Who has just gone is there for a moment still, and is waited for."""
    deadline = time.monotonic() + GONE_SECONDS
    while others := _others():
        if time.monotonic() > deadline:
            raise BackupError(
                f"the database is still in use by another connection: {others[0]}"
            )
        time.sleep(0.2)


def _others() -> list[str]:
    """Who else is connected; the server's own cleaning does not count, it gives way."""
    if not there():
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT pid, usename, coalesce(host(client_addr), 'this host'), "
            "nullif(application_name, '') FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid() "
            "AND backend_type = 'client backend' ORDER BY backend_start"
        )
        rows = cursor.fetchall()
    return [
        f"{program or 'a program'} of {role} from {host}, process {pid} of the server"
        for pid, role, host, program in rows
    ]


def put_back(
    copied: Path,
    ready: Ready,
    swapping: AbstractContextManager[None],
    progress: Progress,
) -> Aside | None:
    with _only_restore():
        _refuse_unable()
        refuse_others()
        connections["default"].close()
        _sweep()
        with _scratch() as fresh:
            _restore(copied, fresh)
            with standing_in(NAME=fresh):
                ready()
            with swapping:
                return _swap(fresh)


def _swap(fresh: str) -> Aside | None:
    name = _name()
    if not there():
        _rename({fresh: name})
        return None
    old = database_beside(name, timezone.now())
    _rename({name: old, fresh: name})
    return next((aside for aside in set_aside() if aside.name == old), None)


@contextmanager
def _only_restore() -> Iterator[None]:
    """Of this database, from whichever host."""
    name = _name()
    with _maintenance() as alias, connections[alias].cursor() as cursor:
        number = _lock_number(f"restore {name}")
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [number])
        if not cursor.fetchone()[0]:
            raise BackupError(f"another restore of {name} is running: wait for its end")
        yield


def _refuse_unable() -> None:
    """What PostgreSQL would refuse in the end, after a long copying."""
    ((role, able),) = _asked(
        "SELECT rolname, rolcreatedb OR rolsuper FROM pg_roles "
        "WHERE rolname = current_user"
    )
    if not able:
        raise BackupError(
            f"{role} may make no database to restore into: ALTER ROLE {role} CREATEDB"
        )
    name = _name()
    owners = _asked(
        "SELECT pg_get_userbyid(datdba) FROM pg_database "
        "WHERE datname = %s AND pg_get_userbyid(datdba) <> current_user",
        name,
    )
    for (owner,) in owners:
        raise BackupError(
            f"{name} belongs to {owner}, and {role} can neither move it aside nor make "
            f"one that {owner} reads: restore as {owner}, or first "
            f"ALTER DATABASE {name} OWNER TO {role}"
        )


def set_aside() -> list[Aside]:
    name = _name()
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT datname, CASE WHEN has_database_privilege(datname, 'CONNECT') "
            "THEN pg_database_size(datname) END FROM pg_database "
            "WHERE starts_with(datname, %s) ORDER BY datname",
            [beginning_beside(name)],
        )
        rows = cursor.fetchall()
    return [
        Aside(name=other, bytes=size, command=f"dropdb {other}")
        for other, size in rows
        if is_beside(name, other)
    ]


def _rename(names: dict[str, str]) -> None:
    """All of them or none: between two there is no moment without a database."""
    with _maintenance() as alias, transaction.atomic(using=alias):
        quote = connections[alias].ops.quote_name
        with connections[alias].cursor() as cursor:
            for now, then in names.items():
                cursor.execute(f"ALTER DATABASE {quote(now)} RENAME TO {quote(then)}")


def write_to(copied: Path, target: str, ready: Ready) -> None:
    """`target` is the name of a database, which must not be there yet."""
    if not NAME.fullmatch(target):
        raise BackupError(
            f"{target!r} is no name of a database: up to 63 small letters, digits "
            "and _, beginning with a letter"
        )
    _create(target)
    try:
        _restore(copied, target)
        with standing_in(NAME=target):
            ready()
    except BaseException:
        with suppress(BackupError):
            _run("dropdb", "--if-exists", "--force", target)
        raise


def _create(name: str) -> None:
    """Empty: what somebody added to template1 would be in the way of the copy's own."""
    _run("createdb", "--template", "template0", "--encoding", "UTF8", name)


def _restore(copied: Path, name: str) -> None:
    _run("pg_restore", "--no-owner", "--exit-on-error", "-d", name, str(copied))


def _run(name: str, *arguments: str, database: str = "") -> None:
    program = postgresql_program(name)
    if not program:
        raise BackupError(
            f"{name} is not installed: install PostgreSQL's client programs"
        )
    ended = subprocess.run(  # noqa: S603 - a fixed program, words from our settings
        [program, *arguments],
        env=_environment(database),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if ended.returncode:
        raise BackupError(f"{name}: {ended.stderr.strip()[-500:] or ended.returncode}")


def _environment(database: str) -> dict[str, str]:
    """Where the default database is, as its programs expect to be told."""
    settings = connections["default"].settings_dict
    environment = {
        **os.environ,
        **for_programs(settings["OPTIONS"]),
        "PGPASSWORD": str(settings["PASSWORD"] or ""),
    }
    for key, variable in (("HOST", "PGHOST"), ("PORT", "PGPORT"), ("USER", "PGUSER")):
        if settings[key]:
            environment[variable] = str(settings[key])
    if database:
        environment["PGDATABASE"] = database
    return environment
