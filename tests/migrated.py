"""The suite's database, migrated once a run: the other workers copy it.

Migrating an empty database costs as much as five hundred tests, and each of xdist's
workers has a database of its own. `migrate` looks at a copy, too, and finds nothing
to do.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection
from django.test.utils import setup_databases
from psycopg import sql


def make(run: Path) -> Any:
    """The database of one worker; `run` is the folder that all of a run share.
    Returns what `teardown_databases` asks for."""
    shared, mine = kept(run), _mine()
    with (run / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        copied = (run / "made").exists()
        if copied:
            _copy(shared, mine)
        made = setup_databases(verbosity=0, interactive=False, keepdb=copied)
        if not copied:
            connection.close()
            _copy(mine, shared)
            (run / "made").touch()
    return made


def forget(run: Path) -> None:
    """Of a server, which the end of the run does not empty as it does the folder."""
    if (run / "made").exists() and connection.vendor == "postgresql":
        _at_server(sql.SQL("DROP DATABASE {}").format(sql.Identifier(kept(run))))


def kept(run: Path) -> str:
    """The file, or the name at its server, of the database that others copy."""
    if connection.vendor == "sqlite":
        return str(run / "migrated.sqlite3")
    return f"{run.parent.name}-migrated"


def _mine() -> str:
    """As pytest-django named it for this worker."""
    settings = connection.settings_dict
    return str(settings["TEST"]["NAME"] or f"test_{settings['NAME']}")


def _copy(source: str, target: str) -> None:
    if connection.vendor == "sqlite":
        shutil.copyfile(source, target)
        return
    names = {"source": sql.Identifier(source), "target": sql.Identifier(target)}
    _at_server(sql.SQL("DROP DATABASE IF EXISTS {target}").format(**names))
    _at_server(sql.SQL("CREATE DATABASE {target} TEMPLATE {source}").format(**names))


def _at_server(statement: sql.Composed) -> None:
    address = os.environ["DATABASE_URL"]
    with psycopg.connect(address, dbname="postgres", autocommit=True) as server:
        server.execute(statement)
