"""What only an engine does with docker-compose.yml, and what must agree with `serve`.

That its commands run is shown by tests/services.
"""

from __future__ import annotations

import re
import shlex
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from kernel.build_list import may_be_missing
from rrr_dashboard import processes
from rrr_dashboard.management.commands import doctor

ROOT = Path(settings.BASE_DIR)
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
OURS = ("web", "worker", "worker-heavy", "beat", "watch")
# Who gets which secret; those of EVERY are needed to load the settings at all.
EVERY = {"SECRET_KEY", "JWT_SECRET", "METRICS_TOKEN", "DATABASE_PASSWORD"}
KEEPING = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
SECRETS = {
    "migrate": EVERY,
    # EMAIL_URL: "Forgot your password?" is offered only where mail arrives.
    "web": EVERY
    | {"FIELD_KEY", "SECRET_KEY_FALLBACKS", "JWT_SECRET_PREVIOUS", "EMAIL_URL"},
    "worker": EVERY
    | KEEPING
    | {"FIELD_KEY", "EMAIL_URL", "WATCHDOG_URL", *settings.EXTERNAL_KEYS},
    "worker-heavy": EVERY | KEEPING | {"BACKUP_KEY"},
    "beat": EVERY,
    "watch": EVERY | {"FIELD_KEY", "EMAIL_URL", "WATCHDOG_URL"},
    "postgres": {"POSTGRES_PASSWORD"},
    "redis": set(),
    "nginx": set(),
}
ALL_SECRETS = set.union(*SECRETS.values())


def words(command: tuple[str, ...]) -> list[str]:
    """A command line of `serve` in the container's paths."""
    told = " ".join(command).replace(processes.PYTHON, "python")
    told = told.replace(str(settings.STATE_DIR), "/state").replace(f"{ROOT}/", "")
    return shlex.split(told)


def test_every_part_of_serve_is_a_service() -> None:
    assert {part.name for part in processes.all_parts()} == set(OURS)
    assert set(OURS) < set(SERVICES)


@pytest.mark.parametrize("name", OURS)
def test_a_service_runs_the_command_that_serve_runs(name: str) -> None:
    part = next(part for part in processes.all_parts() if part.name == name)
    serves = {settings.BIND: "0.0.0.0", str(settings.PORT): "8000"}  # noqa: S104
    told = [serves.get(word, word) for word in words(part.command)]
    assert shlex.split(SERVICES[name]["command"]) == told


def test_everybody_waits_for_the_one_that_migrates() -> None:
    done = {"condition": "service_completed_successfully"}
    for name in OURS:
        assert SERVICES[name]["depends_on"]["migrate"] == done
    assert SERVICES["migrate"]["restart"] == "no"
    assert "redis" not in SERVICES["watch"]["depends_on"], "it needs none"
    migrating = [
        name for name, s in SERVICES.items() if "migrate " in str(s["command"])
    ]
    assert migrating == ["migrate"]


def test_a_secret_is_given_only_where_it_is_needed() -> None:
    for name, service in SERVICES.items():
        given = set(service.get("environment", {})) & ALL_SECRETS
        assert given == SECRETS[name], name
        assert "env_file" not in service


def test_no_password_stands_in_an_address() -> None:
    for service in SERVICES.values():
        for value in service.get("environment", {}).values():
            assert not re.search(r"://[^/]*\$\{", value)


# What is given to all, is of one service, or has no meaning behind the engine's own.
NOT_PASSED = {
    *("STATE_DIR", "DEMO", "BIND", "PORT", "INTERNAL_URL", "DATABASE_URL", "REDIS_URL"),
    *(
        "TRUSTED_PROXY_COUNT",
        "DEMO_PASSWORD",
        "SQLITE_SYNCHRONOUS",
        "CELERY_BROKER_URL",
    ),
    *("RATE_LIMIT_HOSTS", "ALERTMANAGER_TOKEN"),
}


def test_whoever_sets_a_setting_in_env_is_heard() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    passed = set(re.findall(r"\$\{(\w+)", text))
    assert set(settings.SETTING_NAMES) - passed == NOT_PASSED


def test_who_traces_is_told_where_to() -> None:
    """OTLP_ENDPOINT in .env reached nobody."""
    told = {
        name
        for name, service in SERVICES.items()
        if service.get("environment", {}).get("OTLP_ENDPOINT") == "${OTLP_ENDPOINT:-}"
    }
    assert told == {"web", "worker", "worker-heavy"}


def test_an_example_that_is_copied_makes_no_demo() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    assert "RRR_ENV=" in lines
    assert SERVICES["web"]["environment"]["RRR_ENV"] == "${RRR_ENV:-production}"


def test_what_a_narrow_umask_hides_is_readable_in_the_images() -> None:
    for copied, widened in (
        ("COPY . .", "chmod -R a+rX ."),
        ("COPY deploy ", "a+rX /app"),
    ):
        behind = DOCKERFILE.split(copied)[1].split("USER ")[0]
        assert widened in behind


@pytest.mark.parametrize(
    "name", [".env", ".env.production", "a/b.age", "kept.key", "x.pem"]
)
def test_no_secret_gets_into_an_image(name: str) -> None:
    assert left_out(name)
    assert not left_out(".env.example")


def left_out(path: str) -> bool:
    """As an engine reads .dockerignore: the last line that fits decides."""
    out = False
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        pattern = line.removeprefix("!").removeprefix("**/")
        parents = [str(parent) for parent in Path(path).parents if str(parent) != "."]
        anywhere = line.removeprefix("!").startswith("**/")
        fits = any(
            fnmatch(Path(name).name if anywhere else name, pattern)
            for name in (path, *parents)
        )
        if line and not line.startswith("#") and fits:
            out = not line.startswith("!")
    return out


def test_every_variable_is_a_documented_setting() -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    used = set(re.findall(r"\$\{(\w+)", text))
    assert used <= set(settings.SETTING_NAMES)


@pytest.mark.parametrize("name", list(SERVICES))
def test_an_engine_contains_every_process(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["pids_limit"]
    assert service["mem_limit"]
    assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}
    assert "privileged" not in service
    assert "cap_add" not in service


@pytest.mark.parametrize("name", list(SERVICES))
def test_a_stop_gives_everybody_the_time_they_need(name: str) -> None:
    given = int(SERVICES[name]["stop_grace_period"].removesuffix("s"))
    parts = {part.name: part.grace for part in processes.all_parts()}
    assert given >= parts.get(name, 10)


def test_only_the_proxy_is_reached_from_outside() -> None:
    """And a second web instance takes nobody's port."""
    published = {name: s["ports"] for name, s in SERVICES.items() if "ports" in s}
    assert published == {"nginx": ["443:8443", "80:8080"]}
    assert not any("container_name" in service for service in SERVICES.values())
    assert SERVICES["postgres"]["networks"] == SERVICES["redis"]["networks"] == ["data"]
    assert COMPOSE["networks"]["data"] == {"internal": True}
    assert "data" not in SERVICES["nginx"]["networks"]
    assert SERVICES["nginx"]["volumes"] == ["certificate:/certificate"], "no state"


def test_nobody_is_root() -> None:
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)
    for name, service in SERVICES.items():
        target = service.get("build", {}).get("target")
        stage = next((text for text in stages if f" AS {target}\n" in text), "")
        user = (
            service.get("user") or re.findall(r"^USER (\S+)", stage, re.MULTILINE)[-1]
        )
        assert user not in {"root", "0", "0:0"}, name


def test_metrics_of_an_instance_lie_in_its_memory() -> None:
    web = SERVICES["web"]
    folder = web["environment"]["PROMETHEUS_MULTIPROC_DIR"]
    assert any(place.startswith(f"{folder}:") for place in web["tmpfs"])


def test_images_are_pinned_and_volumes_declared() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert len(set(bases)) == 1
    for image in [*bases, *(service.get("image", "") for service in SERVICES.values())]:
        assert re.search(r":[\w.${}-]*\d+\.\d+", image), image
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            assert volume.partition(":")[0] in COMPOSE["volumes"]


def test_doctor_names_the_images_that_are_pinned_by_tag_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = doctor._images().detail
    assert all(image in said for image in ("python:3.11", "postgres:15", "redis:7"))
    assert "rrr-dashboard" not in said, "it is our own"
    for name in ("Dockerfile", "docker-compose.yml"):
        pinned = re.sub(
            r"((?:python|postgres|redis):[\w.-]+)",
            rf"\1@sha256:{'0' * 64}",
            (ROOT / name).read_text(),
        )
        (tmp_path / name).write_text(pinned)
    monkeypatch.setattr(settings, "BASE_DIR", tmp_path)
    assert doctor._images().detail == "all pinned by digest"


def test_the_image_lacks_only_what_a_build_list_may_lack() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    missing = {path for path in tracked if left_out(path)}
    assert missing == {path for path in tracked if may_be_missing(path)}
    assert not left_out("docs/runbooks/database.md")
    assert not left_out("build.json")


def test_the_product_s_image_holds_no_compiler_and_no_cache() -> None:
    stages = re.findall(r"^FROM \S+ AS (\w+)", DOCKERFILE, re.MULTILINE)
    assert stages == ["packages", "app", "proxy"]
    assert "COPY --from=packages /venv /venv" in DOCKERFILE
    assert "--require-hashes" in DOCKERFILE
