"""PostgreSQL's backups: scratch databases that a kill leaves, names that change at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError
from django.db import DatabaseError, connection, connections
from django.test import Client
from django.utils import timezone

from accounts.models import User
from kernel.half_restored import pending_file
from operations.models import Backup, Heartbeat
from operations.services import heartbeats
from operations.services.backups import copies, postgresql, restoring, taking
from operations.services.backups.copies import BackupError
from rrr_dashboard.management.commands import doctor
from tests.operations.commands import restore
from tests.served import until

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.process,
    pytest.mark.usefixtures("state"),
]
IN_A_SCRATCH_DATABASE = """
import django, sys, time
django.setup()
from django.db import connections
connections["default"].settings_dict["NAME"] = sys.argv[1]
from operations.services.backups import postgresql
with postgresql._scratch() as name:
    print(name, flush=True)
    time.sleep(600)
"""


def databases() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        return {name for (name,) in cursor.fetchall()}


def swept_away(name: str) -> bool:
    postgresql._sweep()
    return name not in databases()


def test_what_a_kill_left_goes_with_the_next_one_and_a_living_one_stays() -> None:
    name = str(connection.settings_dict["NAME"])

    def working() -> tuple[subprocess.Popen[str], str]:
        process = subprocess.Popen(
            [sys.executable, "-c", IN_A_SCRATCH_DATABASE, name],
            env={**os.environ, "DJANGO_SETTINGS_MODULE": "rrr_dashboard.settings"},
            cwd=django_settings.BASE_DIR,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        return process, process.stdout.readline().strip()

    (killed, left), (living, kept) = working(), working()
    try:
        assert left != kept
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        # The server notices in a moment that its client is gone.
        assert until(20, lambda: swept_away(left))
        assert kept in databases()
        assert taking.take("system").status == "verified"
        assert kept in databases()
    finally:
        for process in (killed, living):
            process.kill()
            process.wait()
        assert until(20, lambda: swept_away(kept))


def test_between_two_names_there_is_always_a_database() -> None:
    names = [f"rrr_{word}_{os.getpid()}" for word in ("now", "old")]
    postgresql._run("createdb", names[0])
    try:
        with pytest.raises(DatabaseError, match="does not exist"):
            postgresql._rename({names[0]: names[1], "rrr_is_not_there": names[0]})
        assert names[0] in databases()
        assert names[1] not in databases()
    finally:
        for name in names:
            postgresql._run("dropdb", "--if-exists", name)


@contextmanager
def scratch(name: str) -> Iterator[str]:
    """A database by this name may be there; it goes, with what was moved aside of it."""
    with copies.standing_in(NAME=name):
        try:
            yield name
        finally:
            connection.close()
            left = [aside.name for aside in postgresql.set_aside()]
            connection.close()
            for each in (name, *left):
                postgresql._run("dropdb", "--if-exists", "--force", each)


def test_a_server_without_the_database_gets_it_back() -> None:
    backup = taking.take("system")
    with scratch(f"rrr_empty_{os.getpid()}"):
        assert "restored to" in restore(backup.location)
        assert Backup.objects.filter(uid=backup.uid).exists()


def test_a_name_as_long_as_can_be_is_restored_over() -> None:
    backup = taking.take("system")
    with scratch(f"rrr_{os.getpid()}_".ljust(63, "x")) as name:
        restore(backup.location)
        said = restore(backup.location)
        (aside,) = postgresql.set_aside()
        assert len(aside.name) == 63
        assert f"{aside.name} ({aside.size})" in said
        assert databases() >= {name, aside.name}


def test_what_is_moved_aside_and_what_others_named_alike_is_never_dropped(
    person: Callable[..., User], client: Client
) -> None:
    """Once `dropdb NAME_before_restore` and `NAME_restored` ran unasked."""
    name = str(connection.settings_dict["NAME"])
    backup = taking.take("system")
    theirs = {f"{name}_before_restore", f"{name}_restored"}
    for other in theirs:
        postgresql._run("createdb", other)
    try:
        said = [restore(backup.location), restore(backup.location)]
        assert databases() >= theirs
    finally:
        for other in theirs:
            postgresql._run("dropdb", "--if-exists", other)
    asides = postgresql.set_aside()
    assert len(asides) == 2
    for aside, lines in zip(asides, said, strict=True):
        assert aside.name.startswith(f"{name}_before_")
        assert lines.splitlines()[-1].endswith(f"does for you: dropdb {aside.name}")
    client.force_login(person("olga", "Operator"))
    page = client.get("/operations/backups/").content.decode()
    found = doctor._set_aside()
    assert found.level == "warn"
    for aside in asides:
        assert aside.bytes
        assert f"dropdb {aside.name}" in page
        assert f"{aside.name} ({aside.size})" in found.detail


def test_a_second_restore_at_once_is_refused(person: Callable[..., User]) -> None:
    """From another host too, which has locks of its own."""
    backup = taking.take("system")
    person("late", "Viewer")
    with (
        postgresql._only_restore(),
        pytest.raises(CommandError, match=r"another restore of .* is running"),
    ):
        restore(backup.location)
    assert User.objects.filter(username="late").exists()
    assert not pending_file().exists()


def test_who_has_just_gone_is_waited_for_and_who_stays_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with copies.second_connection("going") as alias:
        connections[alias].ensure_connection()
        leaves = threading.Timer(1, connections[alias].connection.close)
        leaves.start()
        postgresql.refuse_others()
        leaves.join()
    monkeypatch.setattr(postgresql, "GONE_SECONDS", 0.5)
    with copies.second_connection("staying") as alias:
        with connections[alias].cursor() as cursor:
            cursor.execute("SET application_name = 'a report of mine'")
        with pytest.raises(BackupError, match=r"in use .*: a report of mine of"):
            postgresql.refuse_others()


@contextmanager
def role(word: str) -> Iterator[str]:
    name = f"rrr_{word}_{os.getpid()}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{name}'")
    try:
        yield name
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP ROLE {name}")


def test_a_database_of_another_role_is_left_to_it() -> None:
    """A restored one would be ours, and whoever works with it could read nothing."""
    backup = taking.take("system")
    name, own = str(connection.settings_dict["NAME"]), connection.settings_dict["USER"]
    with role("owner") as owner:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER DATABASE {name} OWNER TO {owner}")
        try:
            with pytest.raises(
                CommandError, match=f"belongs to {owner}, .*OWNER TO {own}"
            ):
                restore(backup.location)
        finally:
            with connection.cursor() as cursor:
                cursor.execute(f"ALTER DATABASE {name} OWNER TO {own}")
    assert not pending_file().exists()
    assert Backup.objects.filter(uid=backup.uid).exists()


def test_a_role_that_may_make_no_database_hears_it_before_the_copying() -> None:
    with (
        role("nobody") as name,
        copies.standing_in(USER=name, PASSWORD=name),
        pytest.raises(BackupError, match=f"ALTER ROLE {name} CREATEDB"),
    ):
        postgresql._refuse_unable()


def test_a_sign_of_life_within_a_minute_stops_a_restore() -> None:
    """A process of another host holds no lock here, and may just not be connected."""
    backup = taking.take("system")
    heartbeats.beat("worker", timezone.now(), host="elsewhere", pid=7)
    with pytest.raises(CommandError, match="worker@elsewhere lived less than a minute"):
        restore(backup.location)
    assert Backup.objects.filter(uid=backup.uid).exists()
    assert not pending_file().exists()
    Heartbeat.objects.update(beaten_at=timezone.now() - timedelta(seconds=61))
    assert "restored to" in restore(backup.location)


@pytest.mark.parametrize(
    ("seconds", "lives"),
    [(-61, False), (-60, True), (0, True), (60, True), (61, False)],
)
def test_life_is_a_minute_around_now_for_clocks_that_differ(
    monkeypatch: pytest.MonkeyPatch, seconds: int, lives: bool
) -> None:
    now = timezone.now()
    heartbeats.beat("watch", now + timedelta(seconds=seconds), host="elsewhere", pid=7)
    monkeypatch.setattr(timezone, "now", lambda: now)
    with (
        pytest.raises(BackupError, match="watch@elsewhere") if lives else nullcontext()
    ):
        restoring._refuse_signs_of_life()
