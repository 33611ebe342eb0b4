"""docker-compose.yml as plain processes: its commands, environment and health checks."""

from __future__ import annotations

import contextlib
import os
import pwd
import re
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

from kernel import build_list
from kernel.programs import postgresql_program
from tests.served import until
from tests.services.table import Differences

ROOT = Path(settings.BASE_DIR)
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
# PostgreSQL refuses root, and the proxy must do without.
USERS = {"postgres": "postgres", "nginx": "nobody"}
SERVERS = {"postgres", "redis"}
START_SECONDS, STOP_SECONDS = 180, 40


def interpolated(text: str, values: Mapping[str, str]) -> str:
    """`${NAME:-default}` and `${NAME:?why}`, as the engine reads them."""

    def value(match: re.Match[str]) -> str:
        name, kind, rest = match.groups()
        if values.get(name):
            return values[name]
        assert kind == ":-", f"{name}: {rest}"
        return str(rest)

    return re.sub(r"\$\{(\w+)(:[-?])([^}]*)\}", value, text)


def words_of(command: str | list[str]) -> list[str]:
    return command if isinstance(command, list) else shlex.split(command)


class Composition:
    """Starts, asks and ends the services under `folder`, which everybody may enter."""

    def __init__(self, folder: Path, values: Mapping[str, str]) -> None:
        self.folder, self.table = folder, Differences(folder)
        self.image = folder / "app"
        self.values = {**values, "RRR_COMMIT": _build_image(self.image)}
        self.running: dict[tuple[str, int], subprocess.Popen[bytes]] = {}

    def environment(self, name: str, instance: int = 0) -> dict[str, str]:
        """The service's own, and what its image sets."""
        given = SERVICES[name].get("environment", {})
        image = {
            "PATH": f"{Path(sys.executable).parent}:{_postgresql()}:{os.environ['PATH']}",
            "PYTHONUNBUFFERED": "1",
            "PYTHONDONTWRITEBYTECODE": "1",
            "RRR_COMMIT": self.values["RRR_COMMIT"],
            "PGDATA": str(self.table.place("/var/lib/postgresql/data")),
        }
        return image | {
            variable: self.table.apply(interpolated(value, self.values), name, instance)
            for variable, value in given.items()
        }

    def command(self, name: str, instance: int = 0) -> list[str]:
        words = words_of(SERVICES[name]["command"])
        return [self.table.apply(word, name, instance) for word in words]

    def up(self, scale: Mapping[str, int]) -> None:
        """Every service, in the order and under the conditions of `depends_on`."""
        waiting = dict(SERVICES)
        while waiting:
            name = next(
                name
                for name, service in waiting.items()
                if not waiting.keys() & service.get("depends_on", {}).keys()
            )
            needed = waiting.pop(name).get("depends_on", {})
            for other, how in needed.items():
                self._wait_for(other, how["condition"])
            for instance in range(scale.get(name, 1)):
                self.start(name, instance)

    def _wait_for(self, name: str, condition: str) -> None:
        own = [key for key in self.running if key[0] == name]
        if condition == "service_healthy":
            for key in own:
                asked = partial(self.is_healthy, *key)
                assert until(START_SECONDS, asked), (key, self.said(*key))
        else:
            assert condition == "service_completed_successfully"
            for key in own:
                ended = self.running[key].wait(START_SECONDS)
                assert ended == 0, self.said(*key)

    def start(self, name: str, instance: int = 0) -> None:
        """Its folders in memory are empty at every start, as the engine's are."""
        service = SERVICES[name]
        for place in service.get("tmpfs", []):
            self._own_folder(place.partition(":")[0], name, instance, empty=True)
        for place in service.get("volumes", []):
            self._own_folder(place.partition(":")[2], name, instance, empty=False)
        if name == "postgres":
            self._first_start_of_postgresql()
        self.running[name, instance] = self._process(
            self.command(name, instance), name, instance
        )

    def run(self, name: str, command: list[str], text: str = "") -> str:
        """`docker compose exec`: what it says. Raises what ended badly."""
        done = subprocess.run(
            command,
            cwd=self.image,
            env=self.environment(name),
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (command, done.stdout, done.stderr)
        return done.stdout

    def is_healthy(self, name: str, instance: int = 0) -> bool:
        """Its health check's command, as it stands."""
        kind, *command = SERVICES[name]["healthcheck"]["test"]
        assert kind == "CMD"
        return not subprocess.run(
            [self.table.apply(word, name, instance) for word in command],
            cwd=self.image,
            env=self.environment(name, instance),
            capture_output=True,
            check=False,
        ).returncode

    def stop(self, name: str, instance: int = 0) -> int:
        """As `docker stop` does."""
        process = self.running.pop((name, instance))
        process.terminate()
        try:
            return process.wait(STOP_SECONDS)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    def stop_all(self) -> None:
        """All at once, and the servers that they need after them."""
        for last in (False, True):
            ending = [key for key in self.running if (key[0] in SERVERS) is last]
            for key in ending:
                self.running[key].terminate()
            for key in ending:
                self.stop(*key)

    def said(self, name: str, instance: int = 0) -> str:
        return self._log(name, instance).read_text(errors="replace")

    def _log(self, name: str, instance: int) -> Path:
        return self.folder / f"{name}-{instance}.log"

    def _process(
        self, command: list[str], name: str, instance: int
    ) -> subprocess.Popen[bytes]:
        with self._log(name, instance).open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.image,
                env=self.environment(name, instance),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                user=user_of(name),
            )

    def _own_folder(
        self, inside: str, name: str, instance: int, *, empty: bool
    ) -> None:
        if inside == "/tmp":  # noqa: S108 - the engine's alone
            return
        place = self.table.place(inside, instance)
        if empty:
            shutil.rmtree(place, ignore_errors=True)
        place.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.parent.chmod(0o755)
        if (user := user_of(name)) is not None:
            os.chown(place, user, -1)

    def _first_start_of_postgresql(self) -> None:
        """What the image's entry point does with its environment."""
        given = self.environment("postgres")
        secret = self.folder / "postgres-password"
        secret.write_text(given["POSTGRES_PASSWORD"])
        data = given["PGDATA"]
        user = given["POSTGRES_USER"]
        self._as_postgres(
            [
                *(f"{_postgresql()}/initdb", "-D", data, "-U", user, "--no-sync"),
                *("-E", "UTF8", "-A", "scram-sha-256", "--pwfile", str(secret)),
            ],
        )
        self._as_postgres(
            [f"{_postgresql()}/postgres", "--single", "-D", data, "postgres"],
            f'CREATE DATABASE "{given["POSTGRES_DB"]}"\n',
        )

    def _as_postgres(self, command: list[str], text: str = "") -> None:
        subprocess.run(
            command,
            cwd=self.image,
            user=user_of("postgres"),
            input=text.encode(),
            stdout=subprocess.DEVNULL,
            check=True,
        )


def _build_image(image: Path) -> str:
    """The tree as an image holds it, and the commit that its list bears out."""
    tracked = _git(ROOT, "ls-files", "-z").split("\0")
    for name in filter(None, tracked):
        if (ROOT / name).exists():
            (image / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, image / name)
    _git(image, "init", "-q")
    _git(image, "add", "-A", "-f")
    _git(image, "commit", "-q", "--no-verify", "-m", "tests: an image")
    commit = build_list.write(image).commit
    shutil.rmtree(image / ".git")
    for name in filter(None, tracked):
        if build_list.may_be_missing(name):
            (image / name).unlink(missing_ok=True)
    return commit


def _git(folder: Path, *command: str) -> str:
    known = ("-c", "user.name=Ada", "-c", "user.email=ada@example.test")
    return subprocess.run(
        ["git", "-C", str(folder), *known, *command],
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def _postgresql() -> str:
    return str(Path(postgresql_program("postgres") or "").parent)


def user_of(name: str) -> int | None:
    return (
        pwd.getpwnam(USERS[name]).pw_uid if not os.geteuid() and name in USERS else None
    )
