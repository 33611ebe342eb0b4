"""The database check inside /health: it passes, and fails once the database is cut."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import connection

from kernel import http
from kernel.registry import Measurement, Params, Weight, probe
from operations.probes.health import commit_of, document_of
from operations.services.backups.sqlite import database_path
from operations.services.instances import second_instance

NOTICED_WITHIN = 6.0
LOOK_SECONDS = 0.3
MIGRATE_SECONDS = 120
Ask = Callable[[str], http.Reply]


@probe(
    "health_db",
    title="/health tells of a database that is away",
    freshness=timedelta(days=30),
    weight=Weight.LONG,
)
def health_db(params: Params) -> Measurement:
    """Ours must pass. A second instance on a throw-away copy has its database taken
    away and given back: 503 without it, alive all the same, and 200 again."""
    answer = http.own("/health")
    faults = [f"/health: {fault}" for fault in _unless(answer, 200, "pass")]
    faults += faults_of_a_copy()
    return Measurement.of_faults(
        faults,
        "the database check passes; with the database cut /health is a 503",
        commit=commit_of(answer),
        raw=answer.body,
    )


def faults_of_a_copy() -> list[str]:
    """Starts a second instance, takes its database away and gives it back."""
    with tempfile.TemporaryDirectory(prefix="rrr-cut-") as folder:
        copy, away = Path(folder) / "copy.sqlite3", Path(folder) / "away"
        _copy_to(copy)
        with second_instance(DATABASE_URL=f"sqlite:///{copy}") as port:
            return list(
                cut_faults(
                    lambda path: http.own(path, port=port),
                    cut=lambda: _move(copy, away),
                    mend=lambda: _move(away, copy),
                )
            )


def cut_faults(
    ask: Ask, *, cut: Callable[[], None], mend: Callable[[], None]
) -> Iterator[str]:
    """What a product says of its database before, while and after it is away."""
    yield from (f"before the cut: {fault}" for fault in _soon(ask, 200, "pass"))
    cut()
    yield from (f"with the database cut: {fault}" for fault in _soon(ask, 503, "fail"))
    if (alive := ask("/health/live").status) != 200:
        yield f"with the database cut /health/live answers {alive}"
    mend()
    yield from (f"after the cut: {fault}" for fault in _soon(ask, 200, "pass"))


def _soon(ask: Ask, status: int, verdict: str) -> list[str]:
    """Faults of /health and /health/ready as they are within a few seconds."""
    deadline = time.monotonic() + NOTICED_WITHIN
    while True:
        faults = list(_unless(ask("/health"), status, verdict))
        if (ready := ask("/health/ready").status) != status:
            faults.append(f"/health/ready answers {ready}")
        if not faults or time.monotonic() > deadline:
            return faults
        time.sleep(LOOK_SECONDS)


def _unless(answer: http.Reply, status: int, verdict: str) -> Iterator[str]:
    check = (document_of(answer).get("checks", {}).get("database") or [{}])[0]
    if answer.status != status:
        yield f"it answers {answer.status}, not {status}"
    if check.get("status") != verdict:
        yield f"database: {check.get('output', 'there is no database check')}"


def _copy_to(path: Path) -> None:
    """The product's SQLite as it is; beside another database an empty one of the same
    tables."""
    if connection.vendor == "sqlite":
        # On a connection of its own: an open transaction of ours would be waited for.
        ours = database_path().absolute().as_uri()
        with (
            closing(sqlite3.connect(f"{ours}?mode=ro", uri=True)) as source,
            closing(sqlite3.connect(path)) as target,
        ):
            source.backup(target)
        return
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": f"sqlite:///{path}"},
        check=True,
        capture_output=True,
        timeout=MIGRATE_SECONDS,
    )


def _move(source: Path, target: Path) -> None:
    """With its journal: a database without it is an older one."""
    for suffix in ("", "-wal", "-shm"):
        part = source.with_name(source.name + suffix)
        if part.exists():
            part.rename(target.with_name(target.name + suffix))
