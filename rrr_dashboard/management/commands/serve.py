"""`manage.py serve`: the whole product on one machine, from one terminal."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import sys
import time
from argparse import ArgumentParser
from getpass import getpass
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, connection

from accounts.models import User
from accounts.services.people import add_person
from kernel import build, http, locks, valkey
from operations.services.backups.restoring import pending_file
from operations.services.backups.sqlite import database_path
from rrr_dashboard import processes
from rrr_dashboard.env import write_first_env
from rrr_dashboard.supervisor import Supervisor, end_orphans

READY_SECONDS = 60


class Stop(Exception):
    """Ctrl-C or SIGTERM."""


class Command(BaseCommand):
    help = "Start the product: Valkey, database, web, workers, beat and watch."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="like DEMO=0")

    def handle(self, *args: Any, **options: Any) -> None:
        given = "SECRET_KEY" in os.environ
        if not given and write_first_env(settings.BASE_DIR / ".env", os.environ):
            # Settings were read before there was a file: start once more with it.
            os.execv(sys.executable, [sys.executable, *sys.argv])
        self.state = Path(settings.STATE_DIR)
        self._claim()
        signal.signal(signal.SIGTERM, _stop)
        signal.signal(signal.SIGINT, _stop)
        supervisor = Supervisor(
            self.state / "serve.json",
            processes.environment(),
            settings.BASE_DIR,
            self.say,
        )
        try:
            end_orphans(supervisor.record, self.say)
            self._no_half_restore()
            self._free_port()
            self._prepare(supervisor, demo=settings.DEMO and not options["no_demo"])
            for process in processes.all_parts():
                supervisor.start(process)
            self._announce()
            while True:
                supervisor.look()
                time.sleep(0.5)
        except Stop as stop:
            self.say(f"stopping ({stop})")
        except OSError as error:
            # A full or read-only disk: the state directory is all that we write to.
            raise CommandError(
                f"{error.filename or self.state} cannot be written ({error.strerror})."
            ) from error
        finally:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            supervisor.stop()
        self.say("stopped")

    def say(self, line: str) -> None:
        self.stdout.write(f"serve: {line}")
        self.stdout.flush()

    def _claim(self) -> None:
        """One `serve` per state directory, and one that we may write to."""
        try:
            self.state.mkdir(parents=True, exist_ok=True)
            locks.hold(self.state / "serve.lock", exclusive=True)
            locks.hold(self.state / "database.lock", exclusive=False)
        except locks.Busy as busy:
            reason = (
                "a restore is running; wait until it has ended"
                if "database" in str(busy)
                else "another `serve` already runs here; stop it first, or set STATE_DIR"
            )
            raise CommandError(f"{self.state}: {reason}.") from busy
        except OSError as error:
            raise CommandError(
                f"{self.state} cannot be written ({error.strerror}): "
                "give this user the folder, or set STATE_DIR to another one."
            ) from error

    def _no_half_restore(self) -> None:
        """A restore that was interrupted left a database that nobody may open."""
        if pending_file().exists():
            raise CommandError(
                "a restore was interrupted: run `manage.py restore … --yes` again, "
                "to its end, before starting."
            )

    def _free_port(self) -> None:
        """granian would share a port silently, so we try to bind it ourselves."""
        family = socket.AF_INET6 if ":" in settings.BIND else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.BIND, settings.PORT))
            except OSError as error:
                raise CommandError(
                    f"{settings.BIND}:{settings.PORT} cannot be used ({error.strerror}): "
                    f"choose another port, for example PORT={settings.PORT + 1} make run."
                ) from error

    def _prepare(self, supervisor: Supervisor, *, demo: bool) -> None:
        if settings.EMBEDDED_REDIS:
            self._start_valkey(supervisor)
        self._migrate()
        self._collect_static()
        metrics = self.state / "metrics"
        shutil.rmtree(metrics, ignore_errors=True)
        metrics.mkdir(parents=True)
        if demo and settings.RRR_ENV == "demo":
            call_command("demo", stdout=self.stdout)
        else:
            self._first_administrator()

    def _start_valkey(self, supervisor: Supervisor) -> None:
        path = valkey.socket_path(self.state)
        path.unlink(missing_ok=True)
        supervisor.start(processes.embedded_valkey())
        for _ in range(100):
            if path.exists():
                return
            time.sleep(0.05)
        raise CommandError("the embedded Valkey did not start; see its lines above.")

    def _migrate(self) -> None:
        """Create the database at the first start only: a vanished one is a fault."""
        initialised = self.state / "initialised"
        try:
            connection.ensure_connection()
        except DatabaseError as error:
            missing = connection.vendor == "sqlite" and not database_path().exists()
            if initialised.exists() and missing:
                raise CommandError(
                    "database missing; restore it (manage.py restore) or remove "
                    f"{initialised} to start empty."
                ) from error
            raise CommandError(f"the database does not answer: {error}") from error
        try:
            call_command("migrate", verbosity=0, interactive=False)
        except DatabaseError as error:
            raise CommandError(f"the database cannot be migrated: {error}") from error
        initialised.touch()

    def _collect_static(self) -> None:
        """Collect when a static file is newer than the last collection."""
        done = Path(settings.STATIC_ROOT) / ".collected"
        newest = max(
            (
                file.stat().st_mtime
                for file in (settings.BASE_DIR / "static").rglob("*")
            ),
            default=0.0,
        )
        if not done.exists() or done.stat().st_mtime < newest:
            call_command("collectstatic", verbosity=0, interactive=False, clear=True)
            done.touch()

    def _first_administrator(self) -> None:

        if User.objects.filter(is_service=False).exists():
            return
        if not sys.stdin.isatty():
            self.say(
                "no people yet: run `manage.py serve` in a terminal once "
                "to name the first administrator"
            )
            return
        self.say("this database has no people yet: who is the first administrator?")
        name, mail = (
            input("Name to log in with: ").strip(),
            input("Mail address: ").strip(),
        )
        add_person(
            name, email=mail, password=_password(), roles=["Administrator"], by="system"
        )

    def _announce(self) -> None:
        """Say the URL once the web process is ready; a wrong start shows here."""
        for _ in range(READY_SECONDS * 5):
            try:
                if http.own("/health/ready", timeout=2).status == 200:
                    commit = build.running().commit[:12]
                    self.say(f"{http.own_base()}/ is ready (commit {commit})")
                    break
            except http.NoAnswer:
                pass
            time.sleep(0.2)
        else:
            self.say(f"{http.own_base()}/ does not serve yet; the lines above say why")
        if settings.RRR_ENV == "demo" and settings.DEMO_PASSWORD:
            self.say(
                "log in as trader, developer, security, devops, lead, owner, operator, "
                f"viewer or admin; password: {settings.DEMO_PASSWORD}"
            )
        self.say("Ctrl-C stops everything")


def _password() -> str:
    """Asked again until it is strong enough."""
    while True:
        password = getpass("Password: ")
        try:
            validate_password(password)
        except ValidationError as weak:
            sys.stdout.write(" ".join(weak.messages) + "\n")
        else:
            return password


def _stop(number: int, frame: FrameType | None) -> None:
    raise Stop("Ctrl-C" if number == signal.SIGINT else signal.Signals(number).name)
