"""A start that cannot work says so in one sentence, at once: nothing is started."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.served import free_port

pytestmark = [pytest.mark.process, pytest.mark.embedded]
ROOT = Path(settings.BASE_DIR)


def serve(state: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "serve"],
        env={
            "PATH": os.environ["PATH"],
            "RRR_ENV": "development",
            "SECRET_KEY": settings.SECRET_KEY,
            "JWT_SECRET": settings.JWT_SECRET,
            "STATE_DIR": str(state),
            "PORT": str(free_port()),
            **environment,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def refused(state: Path, name: str, text: str) -> str:
    """The one sentence; nothing else was said, and nothing ran."""
    done = serve(state, **{name: text})
    (line,) = (done.stdout + done.stderr).splitlines()
    assert done.returncode == 1
    assert name in line
    assert "Traceback" not in line
    assert not (state / "valkey.sock").exists()
    assert not (state / "rrr.sqlite3").exists()
    return line


@pytest.mark.parametrize(
    ("name", "text", "cure"),
    [
        ("PORT", "70000", "use a whole number from 1 to 65535"),
        ("BIND", "198.51.100.7", "BIND must be an address of this machine"),
        ("REDIS_URL", "redis://127.0.0.1:1/0", "leave REDIS_URL empty"),
        ("CELERY_BROKER_URL", "redis://127.0.0.1:1/0", "leave CELERY_BROKER_URL empty"),
        ("DATABASE_URL", "postgresql://rrr:hunter2@127.0.0.1:1/rrr", "start it"),
        ("DATABASE_URL", "sqlite:////nowhere/at/all/rrr.sqlite3", "mend the address"),
        ("BACKUP_FREQUENCY", "never", "use a number and s, m, h or d"),
        ("DEMO", "1", "set DEMO=0"),
    ],
)
def test_a_setting_that_cannot_work(
    tmp_path: Path, name: str, text: str, cure: str
) -> None:
    line = refused(tmp_path / "state", name, text)
    assert cure in line
    assert "hunter2" not in line


def test_a_redis_that_listens_and_says_nothing(tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        line = refused(tmp_path / "state", "REDIS_URL", f"redis://127.0.0.1:{port}/0")
    assert "no Redis answers there" in line


@pytest.mark.parametrize("name", ["LOG_KEY_FILE", "CHECKPOINT_DIR", "STATE_DIR"])
def test_a_place_that_cannot_be_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    line = refused(tmp_path / "state", name, str(tmp_path / "file" / "inside"))
    assert "cannot be written" in line


def test_a_log_key_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("no key")
    line = refused(tmp_path / "state", "LOG_KEY_FILE", str(tmp_path / "key"))
    assert "Bring back the right file, or name another." in line


def test_a_damaged_database_is_restored_and_not_started(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    (state / "initialised").touch()
    (state / "rrr.sqlite3").write_bytes(b"no database" * 1000)
    done = serve(state)
    (line,) = (done.stdout + done.stderr).splitlines()
    assert done.returncode == 1
    assert "rrr.sqlite3 is damaged (file is not a database): restore" in line
