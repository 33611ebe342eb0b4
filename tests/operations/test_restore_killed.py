"""kill -9 at any moment of a restore leaves one whole database, the old or the new one,
and a second restore brings it to its end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.db import connection

from accounts.models import User
from audit import queries as audit_queries
from kernel.half_restored import pending_file
from operations.services.backups import copies, engines, taking
from tests.operations.commands import restore

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.process,
    pytest.mark.usefixtures("state"),
]
RESTORED_UNTIL_KILLED = """
import os, signal, sys, django
django.setup()
from django.db import connections
from django.db.backends.utils import CursorWrapper
from operations.services.backups import postgresql, relisting, restoring, settling, sqlite

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

def then_die(real):
    def called(*args, **kwargs):
        real(*args, **kwargs)
        die()
    return called

def between_names(real):
    renamed = []
    def called(self, sql, *args):
        renamed.append("RENAME TO" in sql)
        if sum(renamed) == 2:
            die()
        return real(self, sql, *args)
    return called

name, backup, step = sys.argv[1:]
connections["default"].settings_dict["NAME"] = name
progress = restoring.taking.nothing
exec(step)
restoring.restore(restoring.plan(backup), save=False, progress=progress)
"""
IN_THE_SWAP = {
    "sqlite": "sqlite.PAGES = 1; progress = lambda done, all: done > 9 and die()",
    "postgresql": "CursorWrapper.execute = between_names(CursorWrapper.execute)",
}
AFTER_THE_SWAP = {
    "sqlite": "sqlite._write_into = then_die(sqlite._write_into)",
    "postgresql": "postgresql._rename = then_die(postgresql._rename)",
}
# What is done, whether the mark is left, whether the new database is there.
STEPS: dict[str, tuple[str | dict[str, str], bool, bool]] = {
    "copied": ("restoring.bring_back_files = die", False, False),
    "put to rest": ("settling.settle = then_die(settling.settle)", False, False),
    "before the mark": ("restoring.write_whole = die", False, False),
    "after it": (
        "restoring.write_whole = then_die(restoring.write_whole)",
        True,
        False,
    ),
    "in the swap": (IN_THE_SWAP, True, False),
    "after the swap": (AFTER_THE_SWAP, True, True),
    "open": ("relisting.keep_restored = die", False, True),
}


def killed(backup: str, step: str) -> None:
    connection.close()
    ended = subprocess.run(
        [
            *(sys.executable, "-c", RESTORED_UNTIL_KILLED),
            *(str(connection.settings_dict["NAME"]), backup, step),
        ],
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "rrr_dashboard.settings",
            "STATE_DIR": str(django_settings.STATE_DIR),
            "BACKUP_URL": django_settings.BACKUP_URL,
        },
        cwd=django_settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr


@pytest.mark.parametrize("moment", STEPS)
def test_a_kill_leaves_one_whole_database_and_a_way_on(
    moment: str, person: Callable[..., User]
) -> None:
    person("olga", "Operator")
    backup = taking.take("system")
    person("late", "Viewer")
    step, marked, is_new = STEPS[moment]
    killed(backup.location, step if isinstance(step, str) else step[connection.vendor])
    assert pending_file().exists() is marked
    assert User.objects.filter(username="olga").exists()
    assert User.objects.filter(username="late").exists() is not is_new
    assert audit_queries.check().ok
    assert copies.marker("default")["rows.accounts_user"] == str(User.objects.count())
    newest = audit_queries.recent(1).rows[0].kind
    assert (newest == "operations.backup.restored") is is_new, "new and put to rest"
    connection.close()
    assert "restored to" in restore(backup.location, "--without-saving")
    assert not pending_file().exists()
    assert not User.objects.filter(username="late").exists()
    assert audit_queries.check().ok


@pytest.mark.parametrize("moment", ["copied", "in the swap"])
def test_what_a_killed_restore_began_goes_with_the_next_one(
    moment: str, state: Path
) -> None:
    backup = taking.take("system")
    step = STEPS[moment][0]
    killed(backup.location, step if isinstance(step, str) else step[connection.vendor])
    restore(backup.location, "--without-saving")
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database")
            names = {name for (name,) in cursor.fetchall()}
        assert not [name for name in names if name.startswith("rrr_scratch_")]
        assert len(engines.engine().set_aside()) == 1
