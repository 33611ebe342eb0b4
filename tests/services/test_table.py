"""The table of differences is about docker-compose.yml as it is, and hides nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services.engine import SERVICES, interpolated, words_of
from tests.services.table import EVERYWHERE, FOLDERS, PORTS, Differences

OF_THE_ENGINE = {"/tmp"}  # noqa: S108 - in memory, and nobody's
HOST = re.compile(r"(?:^|[/@\s])([\w.-]+):\d+")


def texts(name: str) -> Iterator[str]:
    """Everything that reaches the service's processes."""
    service = SERVICES[name]
    yield from words_of(service["command"])
    yield from service.get("environment", {}).values()
    yield from service.get("healthcheck", {}).get("test", [])


def mounted() -> set[str]:
    return {
        place.partition(":")[0] if kind == "tmpfs" else place.partition(":")[2]
        for service in SERVICES.values()
        for kind in ("tmpfs", "volumes")
        for place in service.get(kind, [])
    }


def test_each_folder_of_the_table_is_mounted_and_each_mounted_one_is_in_it() -> None:
    assert mounted() - OF_THE_ENGINE == set(FOLDERS)


def test_each_port_of_the_table_is_its_service_s() -> None:
    for port, name in PORTS.items():
        own = " ".join(texts(name)) + " ".join(SERVICES[name].get("ports", []))
        assert re.search(rf"(?<!\d){port}(?!\d)", own), (name, port)


@pytest.mark.parametrize("name", list(SERVICES))
def test_nothing_of_the_engine_s_is_left_in_what_a_process_gets(
    name: str, tmp_path: Path
) -> None:
    table = Differences(tmp_path)
    for text in texts(name):
        changed = table.apply(text, name)
        assert EVERYWHERE not in changed
        assert not any(f" {port} " in f" {changed} " for port in PORTS)
        for host in HOST.findall(changed):
            assert host == "127.0.0.1", (name, text)
        for folder in mounted() - OF_THE_ENGINE:
            assert not re.search(
                rf"(?<![\w-]){folder}(?![\w-])", changed.replace(str(tmp_path), "")
            )


def test_nothing_else_is_changed(tmp_path: Path) -> None:
    """A value without a name, port or folder of the table stays as it is."""
    table = Differences(tmp_path)
    changed = {
        (name, variable)
        for name, service in SERVICES.items()
        for variable, value in service.get("environment", {}).items()
        if table.apply(value, name) != value
    }
    assert {variable for _, variable in changed} == {
        *("STATE_DIR", "BIND", "PORT", "INTERNAL_URL", "DATABASE_URL", "REDIS_URL"),
        *("PROMETHEUS_MULTIPROC_DIR", "PROXY_DIR", "CERTIFICATE_DIR", "INSTANCES"),
        *("HTTPS_ADDRESS", "HTTP_ADDRESS"),
    }
    assert table.apply("redis-server --port 6379", "redis").startswith("redis-server ")


def test_each_instance_has_a_port_and_metrics_of_its_own(tmp_path: Path) -> None:
    table = Differences(tmp_path)
    ours = [table.apply("--port 8000 /metrics", "web", number) for number in (0, 1)]
    assert ours[0] != ours[1]
    every = table.apply("web:8000", "nginx")
    assert every.split() == [f"127.0.0.1:{port}" for port in table.web]


def test_a_setting_that_must_be_given_is_asked_for() -> None:
    assert interpolated("${A:-b}${C:?say}", {"C": "d"}) == "bd"
    with pytest.raises(AssertionError, match="C: say"):
        interpolated("${C:?say}", {})
    assert json.dumps(SERVICES).count("${") > 20
