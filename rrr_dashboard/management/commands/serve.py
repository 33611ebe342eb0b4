"""`manage.py serve`: the whole product on one machine, from one terminal."""

from __future__ import annotations

import os
import sys
import time
from argparse import ArgumentParser
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from kernel import build, half_restored, http, refusals
from kernel.service_command import ServiceCommand
from kernel.web import own_origin
from rrr_dashboard import metric_files, preflight, preparation, processes
from rrr_dashboard.env import add_backup_key, write_first_env
from rrr_dashboard.log_files import LogFiles
from rrr_dashboard.stopping import Stop, StopSignals
from rrr_dashboard.supervisor import Supervisor, end_orphans
from rrr_dashboard.way_in import in_the_way

READY_SECONDS = 60.0
LOOK_SECONDS = 0.5
ASK_SECONDS = 0.2


class Command(ServiceCommand):
    help = "Start the product: Valkey, database, web, workers, beat and watch."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-demo", action="store_true", help="like DEMO=0")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["no_demo"]:
            # The settings of all parts say so: start once more with them.
            os.environ["DEMO"] = "0"
            sys.argv.remove("--no-demo")
            os.execv(sys.executable, [sys.executable, *sys.argv])
        given = "SECRET_KEY" in os.environ
        if not given and write_first_env(settings.BASE_DIR / ".env", os.environ):
            # Settings were read before there was a file: start once more with it.
            os.execv(sys.executable, [sys.executable, *sys.argv])
        if not given and add_backup_key(settings.BASE_DIR / ".env", os.environ):
            self.say(
                "made a BACKUP_KEY in .env, to which backups are sealed now: keep a copy "
                "elsewhere (manage.py export_backup_key FILE)"
            )
            os.execv(sys.executable, [sys.executable, *sys.argv])
        build.refuse_other_commit()
        state = Path(settings.STATE_DIR)
        preflight.claim(state)
        processes.raise_open_files()
        signals = StopSignals()
        signals.listen()
        supervisor = Supervisor(
            state / "serve.json",
            processes.environment(),
            settings.BASE_DIR,
            self.say,
            held=signals.held,
            # A person at a terminal reads sentences; a service's log is one stream.
            logs=LogFiles(state / "log") if sys.stdout.isatty() else None,
        )
        try:
            self._serve(supervisor)
        except Stop as stop:
            self.say(f"stopping ({stop})")
        except OSError as error:
            # A full or read-only disk: the state directory is all that we write to.
            raise CommandError(
                f"{error.filename or state} cannot be written ({error.strerror})."
            ) from error
        finally:
            signals.ignore()
            supervisor.stop()
            metric_files.remove(processes.metrics())
            self._leave_database()
        self.say("stopped")

    def say(self, line: str) -> None:
        """In vain on a closed terminal or a full disk: what runs goes on."""
        spoken = f"serve: {line}"
        if refusals.speaks_json():
            spoken = refusals.line(line, level="info", logger="rrr.serve")
        with suppress(OSError):
            self.stdout.write(spoken)
            self.stdout.flush()

    def _leave_database(self) -> None:
        with suppress(OSError):
            for moved in preparation.leave_database():
                self.say(
                    f"the database was replaced: {moved} belongs to the one before"
                )

    def _serve(self, supervisor: Supervisor) -> None:
        """Until Stop is raised."""
        end_orphans(supervisor.record, self.say)
        half_restored.refuse_half_restored()
        preflight.refuse_taken_port()
        preflight.refuse_unusable_places()
        preflight.refuse_silent_redis()
        preparation.prepare(supervisor, demo=settings.DEMO)
        for process in processes.all_parts():
            supervisor.start(process)
        ready = self._announce(supervisor)
        while True:
            supervisor.look()
            if not ready and _is_ready():
                ready = True
                self._say_ready()
            time.sleep(LOOK_SECONDS)

    def _say_ready(self) -> None:
        self.say(f"{own_origin()}/ is ready (commit {build.running().commit[:12]})")

    def _announce(self, supervisor: Supervisor) -> bool:
        """Say the URL once the web process is ready; a wrong start shows here. False
        when it is not ready yet."""
        ready = _becomes_ready(supervisor)
        if ready:
            self._say_ready()
        else:
            told = supervisor.logs.folder if supervisor.logs else "the lines above"
            late = f"{own_origin()}/ does not serve yet; see {told}"
            self.say(in_the_way() or late)
        if settings.DEMO and settings.DEMO_PASSWORD:
            *names, last = (login[0] for login in settings.DEMO_LOGINS)
            self.say(
                f"log in as {', '.join(names)} or {last}; "
                f"password: {settings.DEMO_PASSWORD}"
            )
        if supervisor.logs:
            self.say(f"logs are in {supervisor.logs.folder}")
        self.say("Ctrl-C stops everything")
        return ready


def _becomes_ready(supervisor: Supervisor) -> bool:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        supervisor.look()
        if _is_ready():
            return True
        time.sleep(ASK_SECONDS)
    return False


def _is_ready() -> bool:
    try:
        return http.own("/health/ready", timeout=2).status == HTTPStatus.OK
    except http.NoAnswer:
        return False
