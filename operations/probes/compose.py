"""docker-compose.yml, against what is there: commands, queues, settings, addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.management import get_commands
from django.urls import Resolver404, resolve

from kernel.registry import Measurement, Params, probe

ADDRESS = re.compile(r"https?://[^\s/\"]+(/[^\s\"]*)")
Service = dict[str, Any]
PRODUCT = "app"  # the stage of the Dockerfile that holds it
OF_LIBRARIES = frozenset({"PROMETHEUS_MULTIPROC_DIR"})


def _root() -> Path:
    return Path(settings.BASE_DIR)


@probe(
    "compose",
    title="The compose file names only what exists",
    about="files",
    every=timedelta(hours=6),
)
def compose(params: Params) -> Measurement:
    """Counts names in docker-compose.yml behind which there is nothing."""
    path = _root() / "docker-compose.yml"
    if not path.exists():
        return Measurement.of_faults(["docker-compose.yml is absent"], "")
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        services: dict[str, Service] = dict(document["services"])
    except (yaml.YAMLError, TypeError, KeyError) as error:
        return Measurement.of_faults([f"it does not parse: {error}"], "")
    faults = [
        f"{name}: {fault}"
        for name, service in services.items()
        for fault in _service_faults(service, document)
    ]
    served = {queue for service in services.values() for queue in _served(service)}
    unserved = sorted(_queues() - served)
    faults += [f"nobody serves queue {queue}" for queue in unserved]
    return Measurement.of_faults(
        faults, f"{len(services)} services, all they name exists"
    )


def _text(value: Any) -> str:
    """A command as compose takes it, a list or a text, as one text."""
    return " ".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _queues() -> set[str]:
    routes: dict[str, dict[str, str]] = settings.CELERY_TASK_ROUTES
    return {route["queue"] for route in routes.values()}


def _served(service: Service) -> set[str]:
    """The queues that a worker's command names."""
    named = re.search(r"worker\b.*?-Q (\S+)", _text(service.get("command")))
    return set(named[1].split(",")) if named else set()


def _service_faults(service: Service, document: Service) -> Iterator[str]:
    yield from _command_faults(_text(service.get("command")))
    for queue in _served(service) - _queues():
        yield f"queue {queue} gets no task"
    yield from _image_faults(service)
    for other in service.get("depends_on", {}):
        if other not in document["services"]:
            yield f"depends on {other}, which is not there"
    yield from _volume_faults(service, document)
    yield from _setting_faults(service)
    for path in ADDRESS.findall(_text(service.get("healthcheck", {}).get("test"))):
        try:
            resolve(path)
        except Resolver404:
            yield f"its health check asks {path}, which is no address"


def _command_faults(command: str) -> Iterator[str]:
    ours = re.search(r"manage\.py (\S+)", command)
    if ours and ours[1] not in get_commands():
        yield f"manage.py {ours[1]} does not exist"
    for module in re.findall(r"(?:-A |wsgi )([a-z_.]+)", command):
        if not (_root() / module.partition(".")[0]).is_dir():
            yield f"{module} does not exist"


def _image_faults(service: Service) -> Iterator[str]:
    image = str(service.get("image", ""))
    if service.get("build"):
        if not (_root() / "Dockerfile").exists():
            yield "there is no Dockerfile to build"
    elif ":" not in image or image.endswith(":latest"):
        yield f"image {image or 'none'} names no version"


def _volume_faults(service: Service, document: Service) -> Iterator[str]:
    """A volume is a path, or declared."""
    for volume in service.get("volumes", []):
        source = str(volume).partition(":")[0]
        declared = source in document.get("volumes", {})
        if not source.startswith((".", "/")) and not declared:
            yield f"volume {source} is not declared"


def _setting_faults(service: Service) -> Iterator[str]:
    """Processes of our own may be given only settings that we or our libraries read."""
    build = service.get("build")
    if not isinstance(build, dict) or build.get("target") != PRODUCT:
        return
    for variable in service.get("environment") or {}:
        if variable not in settings.SETTING_NAMES | OF_LIBRARIES:
            yield f"{variable} is no setting"
