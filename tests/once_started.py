"""A state folder as a first start leaves it, for products whose first start is not what
is tested: on a slow machine migrating alone takes a minute each time.

Its database is the one that the suite has migrated anyway (tests/migrated.py).
"""

from __future__ import annotations

import fcntl
import shutil
from pathlib import Path

from django.db import connection
from django.test import override_settings

from rrr_dashboard.preparation import collect_static
from tests import migrated
from tests.environment import RUN


def once_started(state: Path) -> Path:
    """`state`, for an embedded product. The suite's database must have been made."""
    assert connection.vendor == "sqlite", "an embedded product has its own database"
    state.mkdir(parents=True)
    shutil.copyfile(migrated.kept(RUN), state / "rrr.sqlite3")
    shutil.copytree(_static(), state / "static")
    (state / "initialised").touch()
    return state


def _static() -> Path:
    """Collected by whoever needs them first, for all workers of a run."""
    folder = RUN / "static"
    with (RUN / "static.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with override_settings(STATIC_ROOT=folder):
            collect_static()
    return folder
