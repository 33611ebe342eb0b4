"""A restore that finds no room leaves what was there, and succeeds once there is some."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection

from accounts.models import User
from operations.services.backups import sqlite, taking
from tests.faults.test_full_disk import ON_SMALL_DISK

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.process,
    pytest.mark.embedded,
]
ON_A_FULL_DISK = """
import pathlib, shutil, sys, django
django.setup()
from django.core.management import CommandError, call_command
from django.db import connections
from accounts.models import User
from kernel.half_restored import pending_file

there, backup, disk = sys.argv[1:]
database, ballast = pathlib.Path(disk, "rrr.sqlite3"), pathlib.Path(disk, "ballast")
shutil.copyfile(there, database)
connections["default"].settings_dict["NAME"] = f"file:{database}?mode=rw"
with ballast.open("ab", buffering=0) as file:
    for size in (100_000, 4096, 1):
        try:
            while True:
                file.write(b"x" * size)
        except OSError:
            pass
    # A database that is only read needs a little room, too.
    file.truncate(file.tell() - 200_000)

def restored():
    try:
        call_command("restore", backup, "--yes", "--without-saving")
    except CommandError as error:
        print("SAID", error)
    connections["default"].close()
    late = User.objects.filter(username="late").exists()
    with connections["default"].cursor() as cursor:
        whole = cursor.execute("PRAGMA integrity_check").fetchone()[0]
    connections["default"].close()
    print("LATE" if late else "RESTORED", whole, pending_file().exists())

restored()
ballast.unlink()
restored()
"""


def test_a_disk_that_fills_in_the_middle_leaves_the_old_database(
    state: Path, tmp_path: Path, person: Callable[..., User]
) -> None:
    backup = taking.take("system")
    person("late", "Viewer")
    connection.close()
    with sqlite._plain(sqlite.database_path()) as opened:
        opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    size = sqlite.database_path().stat().st_size
    disk, nothing = tmp_path / "disk", tmp_path / "nothing"
    disk.mkdir()
    nothing.mkdir()
    before = shlex.split(ON_SMALL_DISK.format(size=3 * size, kept=nothing, state=disk))
    done = subprocess.run(
        [
            *(*before, sys.executable, "-c", ON_A_FULL_DISK),
            *(str(sqlite.database_path()), backup.location, str(disk)),
        ],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "rrr_dashboard.settings",
            "STATE_DIR": str(state),
            "BACKUP_URL": django_settings.BACKUP_URL,
        },
        cwd=django_settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    lines = done.stdout.splitlines()
    assert "LATE ok False" in lines, done.stdout + done.stderr
    assert any(line.startswith("SAID") and "full" in line for line in lines)
    assert lines[-1] == "RESTORED ok False"
