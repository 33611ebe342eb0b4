"""Each probe is clean on the product as it is, and finds the fault it is there for."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection

from kernel import redis
from operations.probes import health_db
from tests.probing import see

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("own")]


@pytest.mark.parametrize(
    "name",
    [
        *("health", "redis", "metrics", "openapi", "env_doc"),
        *("lock_vs_installed", "compose"),
    ],
)
def test_a_probe_is_clean_on_the_product_as_it_is(name: str) -> None:
    seen = see(name)
    assert (seen.value, seen.error) == ("0", ""), seen.detail


def test_health_finds_a_503(changed) -> None:
    changed("/health", status=503, body=b'{"status": "fail"}')
    assert see("health").value == "2"


def test_health_finds_a_product_that_is_not_ready(changed) -> None:
    changed("/health/ready", status=503)
    assert "/health/ready answers 503" in see("health").detail


@pytest.fixture
def copy_is_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """test_cut_database.py really cuts one."""
    monkeypatch.setattr(health_db, "faults_of_a_copy", list)


@pytest.mark.usefixtures("copy_is_well")
def test_health_db_finds_a_database_that_fails(changed) -> None:
    checks = {"database": [{"status": "fail", "output": "gone"}]}
    body = json.dumps({"status": "fail", "checks": checks}).encode()
    changed("/health", status=503, body=body)
    seen = see("health_db").detail
    assert seen == "/health: it answers 503, not 200; /health: database: gone"


@pytest.mark.usefixtures("copy_is_well")
def test_health_db_finds_a_missing_check(changed) -> None:
    changed("/health", body=b'{"status": "pass"}')
    assert see("health_db").value == "1"


NOT_SQLITE = (None, "not SQLite: postgresql")


def test_pragmas_are_what_the_settings_ask_for() -> None:
    mode, cache = see("db_pragmas"), see("db_pragmas", pragma="cache_size")
    if connection.vendor == "sqlite":
        assert (mode.value, cache.value, cache.unit) == ("wal", "64", "MB")
    else:
        assert (mode.value, mode.error) == NOT_SQLITE


def test_a_smaller_cache_is_measured_as_smaller() -> None:
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size=-2000")
    try:
        seen = see("db_pragmas", pragma="cache_size")
        assert (seen.value, seen.error) in {("2", ""), NOT_SQLITE}
        assert (seen.value == "2") is (connection.vendor == "sqlite")
    finally:
        if connection.vendor == "sqlite":
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA cache_size=-64000")


@pytest.mark.parametrize(
    ("pragma", "said", "value"),
    [("cache_size", "PRAGMA cache_size=-2000", "2"), ("foreign_keys", "", "0 and 1")],
)
def test_a_pragma_of_the_connection_at_hand_alone_is_found(
    monkeypatch, pragma: str, said: str, value: str
) -> None:
    """Every other connection is opened without it."""
    if connection.vendor != "sqlite":
        return
    connection.ensure_connection()
    monkeypatch.setitem(connection.settings_dict["OPTIONS"], "init_command", said)
    if pragma == "foreign_keys":
        monkeypatch.setattr(
            "operations.probes.db_pragmas._fresh_pragma", lambda name: ("0", 4096)
        )
    assert see("db_pragmas", pragma=pragma).value == value


def test_pragmas_cannot_be_collected_elsewhere(monkeypatch) -> None:
    monkeypatch.setattr(connection, "vendor", "postgresql")
    seen = see("db_pragmas")
    assert (seen.value, seen.error) == NOT_SQLITE


def test_an_unknown_pragma_is_refused() -> None:
    with pytest.raises(ValueError, match="pragma is one of"):
        see("db_pragmas", pragma="writable_schema")


def test_redis_finds_a_server_that_is_away(monkeypatch) -> None:
    def refused() -> None:
        raise redis.FAILURES[0]("refused")

    monkeypatch.setattr(redis, "client", refused)
    assert see("redis").value == "1"


def test_metrics_finds_a_missing_family_and_a_counter_that_stands(changed) -> None:
    text = b"# TYPE rrr_database_up gauge\nrrr_database_up 1.0\n"
    changed("/metrics", status=200, body=text)
    detail = see("metrics").detail
    assert "a stranger gets 200" in detail
    assert "audit_log_size is missing" in detail
    assert "stands still" in detail


def test_openapi_finds_a_route_that_is_not_described(own, changed) -> None:
    document = json.loads(own("/openapi.json").body)
    del document["paths"]["/api/operations/probes"]
    changed("/openapi.json", body=json.dumps(document).encode())
    seen = see("openapi")
    assert (seen.value, seen.detail) == ("1", "/api/operations/probes is not described")


def test_openapi_finds_a_reference_page_that_is_away(changed) -> None:
    changed("/redoc", status=404)
    assert see("openapi").detail == "/redoc answers 404"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the files that the file probes read."""
    names = ["requirements.txt", ".env.example", "docker-compose.yml", "Dockerfile"]
    for name in names:
        shutil.copy(settings.BASE_DIR / name, tmp_path / name)
    (tmp_path / "rrr_dashboard").mkdir()
    monkeypatch.setattr(settings, "BASE_DIR", tmp_path)
    return tmp_path


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_variable_that_is_read_past_the_settings_is_found(tree: Path) -> None:
    """.env.example and the settings agree."""
    (tree / "rrr_dashboard" / "sly.py").write_text('os.getenv("SLY_SWITCH")\n')
    assert see("env_doc").detail == (
        "SLY_SWITCH is read past the settings, in rrr_dashboard/sly.py"
    )


def test_the_lock_finds_another_version_and_a_missing_package(tree: Path) -> None:
    path = tree / "requirements.txt"
    path.write_text("django==1.0 \\\n    --hash=sha256:00\nno-such-package==1.0\n")
    assert "django is" in see("lock_vs_installed").detail


def test_a_lock_that_pins_nothing_is_a_fault(tree: Path) -> None:
    (tree / "requirements.txt").write_text("# nothing\n")
    assert "requirements.txt pins nothing" in see("lock_vs_installed").detail


def test_an_undocumented_setting_and_a_documented_nothing(tree: Path) -> None:
    edit(tree / ".env.example", "\nPUBLIC_READ=", "\nPUBLIC_REED=")
    assert see("env_doc").value == "2"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("manage.py watch", "manage.py wait", "manage.py wait does not exist"),
        ("-Q heavy", "-Q light", "nobody serves queue heavy"),
        ("/health/ready", "/health/steady", "which is no address"),
        ("  redis:\n    <<", "  valkey:\n    <<", "depends on redis"),
        ("redis:7.2.5-bookworm", "redis:latest", "names no version"),
        ("STATE_DIR:", "STATE_FOLDER:", "STATE_FOLDER is no setting"),
        ("services:\n", "services: [\n", "does not parse"),
        ("  postgres:\n  redis:\n", "  redis:\n", "volume postgres is not declared"),
    ],
)
def test_compose_finds_what_is_not_there(
    tree: Path, old: str, new: str, fault: str
) -> None:
    edit(tree / "docker-compose.yml", old, new)
    seen = see("compose")
    assert seen.value != "0"
    assert fault in seen.raw.decode()


def test_an_absent_compose_file_is_a_fault(tree: Path) -> None:
    (tree / "docker-compose.yml").unlink()
    assert see("compose").detail == "docker-compose.yml is absent"


def test_dotenv_finds_a_file_that_others_may_read(tree: Path, monkeypatch) -> None:
    assert see("dotenv").error.startswith("needs a staging or production")
    monkeypatch.setattr(settings, "SERIOUS", True)
    assert see("dotenv").error.startswith(".env is absent")
    path = tree / ".env"
    path.write_text("SECRET_KEY=x\n")
    path.chmod(0o644)
    commit(tree, "add", "-f", ".env")
    seen = see("dotenv")
    assert seen.value == "2", seen.detail


def commit(tree: Path, *words: str) -> None:
    who = ["-c", "user.name=a", "-c", "user.email=a@example.test"]
    for given in (["init", "-q"], words, [*who, "commit", "-qm", "oops"]):
        subprocess.run(["git", "-C", str(tree), *given], check=True)


def test_dotenv_finds_a_file_that_is_private_today_and_was_committed_once(
    tree: Path, monkeypatch
) -> None:
    monkeypatch.setattr(settings, "SERIOUS", True)
    path = tree / ".env"
    path.write_text("SECRET_KEY=x\n")
    path.chmod(0o600)
    commit(tree, "add", "-f", ".env")
    commit(tree, "rm", "-q", "--cached", ".env")
    seen = see("dotenv")
    assert seen.value == "1"
    assert "it was committed in" in seen.detail
