"""What the files of this commit say, against what is there: about every environment."""

from __future__ import annotations

import re
import stat
import subprocess
from collections.abc import Iterator
from datetime import timedelta
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.management import get_commands
from django.urls import Resolver404, resolve
from packaging.requirements import InvalidRequirement, Requirement

from kernel.registry import Measurement, Params, probe

ROOT = Path(settings.BASE_DIR)
EVERY = timedelta(hours=6)
REQUIREMENT = re.compile(r"^([A-Za-z0-9][^\s\\]*(?:\s*;[^\\]*)?)", re.MULTILINE)
ADDRESS = re.compile(r"https?://[^\s/\"]+(/[^\s\"]*)")
# Only the example knows these: the tests read them, the product does not.
ONLY_TESTS = {"TEST_DATABASE_URL", "TEST_REDIS_URL"}


def _faults(faults: list[str], clean: str) -> Measurement:
    return Measurement(
        str(len(faults)),
        "; ".join(faults[:20]) or clean,
        "faults",
        raw="\n".join(faults).encode(),
    )


@probe(
    "lock_vs_installed",
    title="Installed packages equal the lock",
    about="files",
    every=EVERY,
)
def lock_vs_installed(params: Params) -> Measurement:
    """Counts packages of requirements.txt that are missing or of another version."""
    pinned = list(_pinned((ROOT / "requirements.txt").read_text(encoding="utf-8")))
    faults = [words for entry in pinned if (words := _unlike(entry))]
    if not pinned:
        faults.append("requirements.txt pins nothing")
    return _faults(faults, f"{len(pinned)} packages, each as pinned")


def _pinned(text: str) -> Iterator[Requirement]:
    for line in REQUIREMENT.findall(text):
        try:
            entry = Requirement(line)
        except InvalidRequirement:
            continue
        if entry.marker is None or entry.marker.evaluate():
            yield entry


def _unlike(entry: Requirement) -> str:
    try:
        found = metadata.version(entry.name)
    except metadata.PackageNotFoundError:
        return f"{entry.name} is not installed"
    return "" if found in entry.specifier else f"{entry.name} is {found}, not {entry}"


@probe(
    "env_doc",
    title="Every setting is documented in .env.example",
    about="files",
    every=EVERY,
)
def env_doc(params: Params) -> Measurement:
    """Counts names that only the settings or only .env.example know."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    documented = set(re.findall(r"^([A-Z][A-Z0-9_]*)=", text, re.MULTILINE))
    read = set(settings.SETTING_NAMES) | ONLY_TESTS
    faults = [f"{name} is not documented" for name in sorted(read - documented)]
    faults += [f"{name} is read by nobody" for name in sorted(documented - read)]
    return _faults(faults, f"{len(read)} settings, all documented")


@probe(
    "dotenv",
    title=".env is private and was never committed",
    about="files",
    every=EVERY,
)
def dotenv(params: Params) -> Measurement:
    """Counts faults of the .env that this installation was started with."""
    if not settings.SERIOUS:
        return Measurement(
            None,
            "could not collect",
            error=f"needs a staging or production installation; this is {settings.RRR_ENV}",
        )
    path = ROOT / ".env"
    if not path.exists():
        return Measurement(
            None,
            "could not collect",
            error=".env is absent: settings come from outside",
        )
    mode = stat.S_IMODE(path.stat().st_mode)
    faults = [] if mode == 0o600 else [f"its mode is {mode:o}, not 600"]
    history = subprocess.run(  # noqa: S603 - fixed words, no shell
        ["git", "-C", str(ROOT), "log", "--all", "--format=%h", "-1", "--", ".env"],  # noqa: S607
        capture_output=True,
        text=True,
        timeout=8,
        check=False,
    )
    if history.returncode != 0:
        return Measurement(None, "could not collect", error=history.stderr.strip())
    if history.stdout.strip():
        faults.append(f"it was committed in {history.stdout.strip()}")
    return _faults(faults, "mode 600, in no commit")


@probe(
    "compose",
    title="The compose file names only what exists",
    about="files",
    every=EVERY,
)
def compose(params: Params) -> Measurement:
    """Counts names in docker-compose.yml behind which there is nothing."""
    path = ROOT / "docker-compose.yml"
    if not path.exists():
        return _faults(["docker-compose.yml is absent"], "")
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        services = dict(document["services"])
    except (yaml.YAMLError, TypeError, KeyError) as error:
        return _faults([f"it does not parse: {error}"], "")
    faults = [
        fault
        for name, service in services.items()
        for fault in _service_faults(name, service, document)
    ]
    unserved = _queues() - {
        queue for service in services.values() for queue in _served(service)
    }
    faults += [f"nobody serves queue {queue}" for queue in sorted(unserved)]
    return _faults(faults, f"{len(services)} services, all they name exists")


def _words(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _queues() -> set[str]:
    routes: dict[str, dict[str, str]] = settings.CELERY_TASK_ROUTES
    return {route["queue"] for route in routes.values()}


def _served(service: dict[str, Any]) -> set[str]:
    found = re.search(r"worker\b.*?-Q (\S+)", _words(service.get("command")))
    return set(found[1].split(",")) if found else set()


def _service_faults(
    name: str, service: dict[str, Any], document: dict[str, Any]
) -> Iterator[str]:
    command = _words(service.get("command"))
    yield from (f"{name}: {words}" for words in _command_faults(command))
    for queue in _served(service) - _queues():
        yield f"{name}: queue {queue} gets no task"
    build = service.get("build")
    image = str(service.get("image", ""))
    if build and not (ROOT / "Dockerfile").exists():
        yield f"{name}: there is no Dockerfile to build"
    if not build and (":" not in image or image.endswith(":latest")):
        yield f"{name}: image {image or 'none'} names no version"
    for other in service.get("depends_on", {}):
        if other not in document["services"]:
            yield f"{name}: depends on {other}, which is not there"
    for volume in service.get("volumes", []):
        source = str(volume).partition(":")[0]
        if not source.startswith((".", "/")) and source not in document.get(
            "volumes", {}
        ):
            yield f"{name}: volume {source} is not declared"
    yield from _setting_faults(name, service)
    for path in ADDRESS.findall(_words(service.get("healthcheck", {}).get("test"))):
        try:
            resolve(path)
        except Resolver404:
            yield f"{name}: its health check asks {path}, which is no address"


def _command_faults(command: str) -> Iterator[str]:
    if (found := re.search(r"manage\.py (\S+)", command)) and (
        found[1] not in get_commands()
    ):
        yield f"manage.py {found[1]} does not exist"
    for module in re.findall(r"(?:-A |wsgi )([a-z_.]+)", command):
        if not (ROOT / module.partition(".")[0]).is_dir():
            yield f"{module} does not exist"


def _setting_faults(name: str, service: dict[str, Any]) -> Iterator[str]:
    """Our own services may set only settings that we read."""
    if "build" not in service:
        return
    environment = service.get("environment") or {}
    for variable in environment:
        if variable not in settings.SETTING_NAMES:
            yield f"{name}: {variable} is no setting"
