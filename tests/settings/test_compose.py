"""docker-compose.yml cannot run here: everything it names must exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.core.management import get_commands
from django.urls import resolve

from rrr_dashboard import processes

ROOT = Path(settings.BASE_DIR)
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("web", "worker", "worker-heavy", "beat", "watch")


def words(command: tuple[str, ...]) -> list[str]:
    """A command line of `serve` in the container's paths."""
    told = " ".join(command).replace(processes.PYTHON, "python")
    told = told.replace(str(settings.STATE_DIR), "/state").replace(f"{ROOT}/", "")
    return shlex.split(told)


def test_every_part_of_serve_is_a_service() -> None:
    assert {part.name for part in processes.all_parts()} == set(OURS)
    assert set(OURS) < set(SERVICES)


@pytest.mark.parametrize("name", [name for name in OURS if name != "web"])
def test_a_service_runs_the_command_that_serve_runs(name: str) -> None:
    part = next(part for part in processes.all_parts() if part.name == name)
    assert shlex.split(SERVICES[name]["command"]) == words(part.command)


def test_the_image_serves_like_serve_does() -> None:
    dockerfile = (ROOT / "Dockerfile").read_text()
    served = " ".join(words(processes.web().command)).replace(
        f"--host {settings.BIND} --port {settings.PORT}", "--host 0.0.0.0 --port 8000"
    )
    assert served.replace(" --log-level error", "") in dockerfile
    for command in re.findall(r"manage\.py (\w+)", dockerfile):
        assert command in get_commands()


def test_every_variable_is_a_documented_setting() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    used = set(re.findall(r"\$\{(\w+)", text))
    used |= set(SERVICES["worker"]["environment"])
    assert used - {"POSTGRES_PASSWORD"} <= set(settings.SETTING_NAMES)


def test_health_checks_ask_what_exists() -> None:
    (url,) = [word for word in SERVICES["web"]["healthcheck"]["test"] if "http" in word]
    assert resolve(url.partition(":8000")[2]).func is not None
    assert all("healthcheck" in SERVICES[name] for name in ("web", "postgres", "redis"))


def test_images_are_pinned_and_volumes_declared() -> None:
    for name, service in SERVICES.items():
        image = service["image"]
        assert ":" in image, name
        assert not image.endswith(":latest"), name
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in COMPOSE["volumes"]


def test_ports_are_bound_to_this_machine_only() -> None:
    published = [
        port for service in SERVICES.values() for port in service.get("ports", [])
    ]
    assert published == ["127.0.0.1:8000:8000"]
