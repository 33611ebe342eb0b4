"""Each probe is clean on the product as it is, and finds the fault it is there for."""

from __future__ import annotations

import gzip as zipping
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from kernel import build, http, redis
from kernel.build import Build
from kernel.registry import PROBES, Measurement
from operations import queries
from operations.models import ProbeResult
from operations.services import probing

pytestmark = pytest.mark.django_db
Own = Callable[..., http.Reply]
COMMIT = "a" * 40


@pytest.fixture(autouse=True)
def own(monkeypatch: pytest.MonkeyPatch) -> Own:
    """kernel.http.own asks this process' product instead of a port."""

    def ask(
        path: str,
        *,
        method: str = "GET",
        headers: Any = None,
        body: bytes | None = None,
        timeout: float = 5.0,
    ) -> http.Reply:
        given = {http.OWN_HEADER: http.own_signature(path), **(headers or {})}
        kind = given.pop("Content-Type", "application/octet-stream")
        client = Client(raise_request_exception=False)
        answer = client.generic(method, path, body or b"", kind, headers=given)
        names = {name.lower(): value for name, value in answer.items()}
        return http.Reply(answer.status_code, names, answer.content)

    monkeypatch.setattr(http, "own", ask)
    return ask


@pytest.fixture
def changed(own: Own, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """changed("/health", status=503): that address answers otherwise from now on."""

    def change(path: str, **values: Any) -> None:
        def ask(asked: str, **given: Any) -> http.Reply:
            real = own(asked, **given)
            if asked != path:
                return real
            kept = {"status": real.status, "headers": real.headers, "body": real.body}
            return http.Reply(**{**kept, **values})

        monkeypatch.setattr(http, "own", ask)

    return change


def see(name: str, /, **params: str) -> Measurement:
    return PROBES[name].function(params)


@pytest.mark.parametrize(
    "name",
    [
        *("health", "health_db", "redis", "gzip", "metrics", "openapi", "env_doc"),
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


def test_health_db_finds_a_database_that_fails(changed) -> None:
    checks = {"database": [{"status": "fail", "output": "gone"}]}
    body = json.dumps({"status": "fail", "checks": checks}).encode()
    changed("/health", status=503, body=body)
    assert see("health_db").value == "1"


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


def test_redis_finds_another_value(monkeypatch) -> None:
    class Liar:
        def set(self, *args: object, **kwargs: object) -> None: ...
        def delete(self, *args: object) -> None: ...
        def get(self, *args: object) -> bytes:
            return b"something else"

    monkeypatch.setattr(redis, "client", Liar)
    assert see("redis").value == "1"


def test_gzip_finds_a_large_answer_uncompressed(changed) -> None:
    changed("/openapi.json", headers={}, body=b"x" * 5000)
    assert "5000 bytes uncompressed" in see("gzip").detail


def test_gzip_finds_an_answer_that_does_not_unpack(changed) -> None:
    changed("/openapi.json", body=b"no gzip at all")
    assert "does not unpack" in see("gzip").detail


def test_gzip_finds_compressed_tokens(changed) -> None:
    body = zipping.compress(b"tokens")
    changed("/api/token/refresh", headers={"content-encoding": "gzip"}, body=body)
    assert "shows tokens is compressed" in see("gzip").detail


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


def test_the_lock_finds_another_version_and_a_missing_package(tree: Path) -> None:
    path = tree / "requirements.txt"
    path.write_text("django==1.0 \\\n    --hash=sha256:00\nno-such-package==1.0\n")
    assert see("lock_vs_installed").value == "2"


def test_a_lock_that_pins_nothing_is_a_fault(tree: Path) -> None:
    (tree / "requirements.txt").write_text("# nothing\n")
    assert see("lock_vs_installed").value == "1"


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
    git = ["git", "-C", str(tree)]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "-f", ".env"], check=True)
    who = ["-c", "user.name=a", "-c", "user.email=a@example.test"]
    subprocess.run([*git, *who, "commit", "-qm", "oops"], check=True)
    seen = see("dotenv")
    assert seen.value == "2", seen.detail


# --- what becomes of a measurement


def with_build(monkeypatch, *builds: Build) -> None:
    """The tree looks like these builds, one after the other."""
    left = list(builds)
    monkeypatch.setattr(build, "running", lambda: builds[0])
    monkeypatch.setattr(
        build, "look", lambda: left.pop(0) if len(left) > 1 else left[0]
    )


def latest(
    name: str, params: dict[str, str], commit: str, environment: str
) -> ProbeResult | None:
    results = queries.latest_results([(name, params)], commit, environment)
    return results.get((name, queries.params_digest(params)))


def test_a_result_is_found_by_name_params_commit_and_environment(monkeypatch) -> None:
    with_build(monkeypatch, Build(COMMIT, clean=True))
    made = probing.run("db_pragmas", {"pragma": "foreign_keys"})
    params = {"pragma": "foreign_keys"}
    found = latest("db_pragmas", params, COMMIT, settings.RRR_ENV)
    assert found == made
    for name, given, commit, environment in [
        ("db_pragmas", {}, COMMIT, settings.RRR_ENV),
        ("db_pragmas", params, "b" * 40, settings.RRR_ENV),
        ("db_pragmas", params, COMMIT, "production"),
    ]:
        assert latest(name, given, commit, environment) is None


def test_evidence_about_files_counts_in_every_environment(monkeypatch) -> None:
    with_build(monkeypatch, Build(COMMIT, clean=True))
    made = probing.run("env_doc", {})
    assert latest("env_doc", {}, COMMIT, "production") == made


def test_the_newest_result_wins(monkeypatch) -> None:
    with_build(monkeypatch, Build(COMMIT, clean=True))
    probing.run("env_doc", {})
    newest = probing.run("env_doc", {})
    assert latest("env_doc", {}, COMMIT, "demo") == newest


def test_a_changed_tree_proves_nothing(monkeypatch) -> None:
    with_build(monkeypatch, Build(COMMIT, clean=False))
    probing.run("env_doc", {})
    assert latest("env_doc", {}, COMMIT, "demo") is None


def test_a_tree_that_moved_while_we_looked_is_an_error(monkeypatch) -> None:
    moved = Build("b" * 40, clean=True)
    with_build(monkeypatch, Build(COMMIT, clean=True), moved)
    seen = probing.run("env_doc", {})
    assert seen.value is None
    assert seen.error == "the tree moved; restart and repeat"


def test_a_probe_about_the_product_names_the_commit_that_answered(monkeypatch) -> None:
    with_build(monkeypatch, Build(COMMIT, clean=True))
    assert probing.run("health", {}).commit == COMMIT


def test_what_is_expected_to_fail_is_a_result_with_an_error(monkeypatch) -> None:
    def silent(*args: object, **kwargs: object) -> http.Reply:
        raise http.NoAnswer("nobody home")

    monkeypatch.setattr(http, "own", silent)
    seen = probing.run("health", {})
    assert (seen.value, seen.error) == (None, "NoAnswer: nobody home")


def test_a_broken_probe_leaves_its_error_and_raises(monkeypatch) -> None:
    def broken(size: int) -> str:
        raise TypeError("not a number")

    monkeypatch.setattr("operations.probes.redis.secrets.token_hex", broken)
    with pytest.raises(TypeError):
        probing.run("redis", {})
    assert ProbeResult.objects.get().error.startswith("the probe broke: TypeError")


def test_secrets_are_redacted_before_they_are_kept() -> None:
    raw = f"a {settings.SECRET_KEY} b\nAuthorization: Bearer abc\npassword=hunter2"
    kept = probing.redacted(raw.encode()).decode()
    assert settings.SECRET_KEY not in kept
    assert "hunter2" not in kept
    assert "abc" not in kept
