"""A `manage.py watch` that is alone: no beat and no worker ticks beside it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.served import ROOT

# Alone it ticks every 10 s, after 20 s without one, and resolves 30 s below the
# threshold: what is done then is the same.
WATCH = """
import django, sys
from datetime import timedelta
django.setup()
from django.core.management import call_command
from django.db import connections
connections["default"].settings_dict["NAME"] = sys.argv[1]
from operations.domain import episodes
from operations.management.commands import watch
from operations.services import watching
watch.LOOK_EVERY = 0.5
watching.TICK_EVERY = watching.TICK_MISSED_AFTER = 1.0
episodes.RESOLVE_AFTER = timedelta(seconds=3)
call_command("watch")
"""


@contextlib.contextmanager
def lonely_watch(database: str, state: Path, **environment: str) -> Iterator[None]:
    """Watches this database, with its mirror, spool and mail in `state`."""
    process = subprocess.Popen(
        [sys.executable, "-c", WATCH, database],
        cwd=ROOT,
        env={**os.environ, "STATE_DIR": str(state), **environment},
    )
    try:
        yield
        process.terminate()
        assert process.wait(20) == 0
    finally:
        process.kill()
