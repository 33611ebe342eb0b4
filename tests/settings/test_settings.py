"""Configuration fails loudly and explains itself."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from rrr_dashboard import secret_readers
from rrr_dashboard.env import (
    Env,
    SettingError,
    add_backup_key,
    read_dotenv,
    write_first_env,
)

ROOT = Path(settings.BASE_DIR)
STRONG = {
    "RRR_ENV": "production",
    "SECRET_KEY": "Q6CuZ655fF-liRDRA81uS-l1k7EJwYQoZpsbc0OXEDp-qYJVrhpviJ0RjrO9qYuR",
    "JWT_SECRET": "Kk3roOxfbD_6mxUb4JucEO9BP3xj2OWz6fISk_q-YBSpbvKIFfxQKXuMd-2REqbyJuBO5tM6",
    "METRICS_TOKEN": "a6XYp3L_HrxmwOuCDYq3ai9OwarkktWY",
    "ALLOWED_HOSTS": "desk.example.test",
    "PUBLIC_ORIGIN": "https://desk.example.test",
    "TRUSTED_PROXY_COUNT": "1",
    "DEMO": "0",
}


def manage(
    tmp_path: Path, *words: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), *words],
        env={"PATH": os.environ["PATH"], "STATE_DIR": str(tmp_path), **environment},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_the_example_names_exactly_the_settings_that_are_read() -> None:
    example = set(read_dotenv(ROOT / ".env.example"))
    only_tests = {"TEST_DATABASE_URL", "TEST_REDIS_URL"}
    assert example == set(settings.SETTING_NAMES) | only_tests


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY"),
        ({"SECRET_KEY": "a" * 80}, "SECRET_KEY"),
        ({"JWT_SECRET": "short"}, "JWT_SECRET"),
        (
            {
                "JWT_SECRET": STRONG["SECRET_KEY"] + "x" * 20,
                "SECRET_KEY": STRONG["SECRET_KEY"] + "x" * 20,
            },
            "JWT_SECRET",
        ),
        ({"METRICS_TOKEN": ""}, "METRICS_TOKEN"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS"),
        ({"CORS_ORIGINS": "*"}, "CORS_ORIGINS"),
        ({"RRR_ENV": "prod"}, "RRR_ENV"),
        ({"PORT": "eighty"}, "PORT"),
        ({"DATABASE_URL": "mysql://x"}, "DATABASE_URL"),
    ],
)
def test_production_refuses_insecure_settings_and_names_them(
    tmp_path: Path, change: dict[str, str], named: str
) -> None:
    done = manage(tmp_path, "check", **{**STRONG, **change})
    assert done.returncode != 0
    assert named in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("given", ["never", "0h", "24", "24 h", "1w", "every 1d", "٣h"])
def test_a_backup_frequency_that_is_no_period_is_refused_in_words(given: str) -> None:
    env = Env(Path("absent"), {"BACKUP_FREQUENCY": given})
    with pytest.raises(SettingError, match=r"BACKUP_FREQUENCY is .*30m, 24h or 1d"):
        env.period("BACKUP_FREQUENCY", "24h")


@pytest.mark.parametrize("command", ["check", "doctor", "serve"])
def test_no_command_starts_with_a_backup_frequency_that_one_half_would_refuse(
    tmp_path: Path, command: str
) -> None:
    """Once the job refused "30s" that /health took, and neither said so at start."""
    done = manage(tmp_path, command, BACKUP_FREQUENCY="never")
    assert done.returncode == 1
    assert "BACKUP_FREQUENCY is 'never'; use a number and s, m, h or d" in done.stderr
    assert "Traceback" not in done.stderr


def test_production_starts_with_strong_settings(tmp_path: Path) -> None:
    done = manage(tmp_path, "check", **STRONG)
    assert done.returncode == 0, done.stderr


def test_secrets_may_come_from_files(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("from a file\n")
    env = Env(tmp_path / ".env", {"SECRET_KEY_FILE": str(tmp_path / "secret")})
    assert env.text("SECRET_KEY") == "from a file"
    missing = Env(tmp_path / ".env", {"SECRET_KEY_FILE": str(tmp_path / "nothing")})
    with pytest.raises(SettingError, match="SECRET_KEY_FILE"):
        missing.text("SECRET_KEY")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=1\n# PORT=3\nBIND='::1'\n")
    env = Env(tmp_path / ".env", {"PORT": "2"})
    assert (env.text("PORT"), env.text("BIND")) == ("2", "::1")


def test_the_first_env_is_private_strong_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    assert write_first_env(path, {"DEMO_PASSWORD": "chosen by somebody"})
    first = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    values = read_dotenv(path)
    assert values["DEMO_PASSWORD"] == "chosen by somebody"
    assert len(values["JWT_SECRET"].encode()) >= 64
    assert values["JWT_SECRET"] != values["SECRET_KEY"]
    assert secret_readers.backup_key(values["BACKUP_KEY"]).startswith(
        "AGE-SECRET-KEY-1"
    )
    assert not write_first_env(path, {})
    assert path.read_text() == first


@pytest.mark.parametrize("line", ["", "BACKUP_KEY=\n"])
def test_an_older_env_gets_a_backup_key_and_keeps_the_rest(
    tmp_path: Path, line: str
) -> None:
    path = tmp_path / ".env"
    path.write_text(f"SECRET_KEY=kept # really\n{line}# a comment\nPORT=1")
    assert add_backup_key(path, {})
    values = read_dotenv(path)
    assert secret_readers.backup_key(values["BACKUP_KEY"]) == values["BACKUP_KEY"]
    assert (values["SECRET_KEY"], values["PORT"]) == ("kept # really", "1")
    assert "# a comment" in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not add_backup_key(path, {}), "it has one now"


def test_no_backup_key_is_made_where_there_is_one_or_no_env(tmp_path: Path) -> None:
    path, kept = tmp_path / ".env", tmp_path / "kept.key"
    assert not add_backup_key(path, {})
    assert not path.exists()
    path.write_text("PORT=1\n")
    kept.write_text("AGE-SECRET-KEY-1")
    for given in ({"BACKUP_KEY": "given"}, {"BACKUP_KEY_FILE": str(kept)}):
        assert not add_backup_key(path, given)
    assert path.read_text() == "PORT=1\n"


def test_an_empty_start_stays_empty_and_has_no_demo_password(tmp_path: Path) -> None:
    """Once a later start without DEMO=0 filled the database with invented people."""
    write_first_env(tmp_path / ".env", {"DEMO": "0"})
    values = read_dotenv(tmp_path / ".env")
    assert values["RRR_ENV"] == "development"
    assert "DEMO_PASSWORD" not in values


def test_doctor_names_what_is_wrong_and_fails(tmp_path: Path) -> None:
    done = manage(tmp_path, "doctor", RRR_ENV="development")
    assert done.returncode == 1
    assert re.search(r"fail +migrations: \d+ migrations? to apply", done.stdout)
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("environment", "level"),
    [
        ({"RRR_ENV": "development"}, "ok"),
        ({}, "warn"),
        ({"WATCHDOG_URL": "https://ping.example.test/desk"}, "ok"),
    ],
)
def test_doctor_says_who_hears_of_it_when_this_machine_is_gone(
    tmp_path: Path, environment: dict[str, str], level: str
) -> None:
    done = manage(tmp_path, "doctor", **{**STRONG, **environment})
    (said,) = re.findall(r"^(\w+) +watchdog: (.+)$", done.stdout, re.MULTILINE)
    assert said[0] == level, done.stdout + done.stderr
    assert ("nobody is told" in said[1]) == ("WATCHDOG_URL" not in environment)
