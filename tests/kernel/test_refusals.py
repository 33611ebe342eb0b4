"""A refused start is read by whoever reads the rest: people or machines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from django.conf import settings

from kernel import refusals

ROOT = Path(settings.BASE_DIR)
GOOD = {
    "RRR_ENV": "development",
    "DEMO": "0",
    "SECRET_KEY": settings.SECRET_KEY,
    "JWT_SECRET": settings.JWT_SECRET,
}
SERVE = ("manage.py", "serve")
WATCH = ("manage.py", "watch")
WORKER = ("-m", "celery", "-q", "-A", "rrr_dashboard", "worker", "-Q", "heavy")
BEAT = ("-m", "celery", "-q", "-A", "rrr_dashboard", "beat")


def started(
    tmp_path: Path, command: Sequence[str], **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "STATE_DIR": str(tmp_path / "state"),
            "DJANGO_SETTINGS_MODULE": "rrr_dashboard.settings",
            **GOOD,
            **environment,
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def only_line(done: subprocess.CompletedProcess[str]) -> dict[str, object]:
    (line,) = (done.stdout + done.stderr).splitlines()
    document: dict[str, object] = json.loads(line)
    return document


@pytest.mark.process
@pytest.mark.parametrize(
    "command", [SERVE, WATCH, WORKER, BEAT], ids=["serve", "watch", "worker", "beat"]
)
def test_a_wrong_setting_is_one_json_line_of_a_service(
    tmp_path: Path, command: Sequence[str]
) -> None:
    done = started(tmp_path, command, BACKUP_FREQUENCY="never")
    told = only_line(done)
    assert done.returncode == 1
    assert "BACKUP_FREQUENCY" in str(told["event"])
    assert (told["level"], told["logger"]) == ("critical", "rrr.process")
    assert "at" in told


@pytest.mark.process
@pytest.mark.embedded
def test_what_a_command_refuses_is_one_too(tmp_path: Path) -> None:
    done = started(tmp_path, SERVE, BIND="198.51.100.7")
    told = only_line(done)
    assert done.returncode == 1
    assert "BIND must be an address of this machine" in str(told["event"])


@pytest.mark.process
@pytest.mark.embedded
@pytest.mark.parametrize("command", [WATCH, WORKER], ids=["watch", "worker"])
def test_so_is_an_interrupted_restore(tmp_path: Path, command: Sequence[str]) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "restore.pending").touch()
    done = started(tmp_path, command)
    lines = [json.loads(line) for line in (done.stdout + done.stderr).splitlines()]
    assert "a restore was interrupted" in lines[-1]["event"]


@pytest.mark.process
def test_what_a_person_runs_answers_in_sentences(tmp_path: Path) -> None:
    done = started(tmp_path, ("manage.py", "doctor"), BACKUP_FREQUENCY="never")
    assert done.stderr.startswith("BACKUP_FREQUENCY is 'never'")


@pytest.mark.parametrize(
    ("words", "service"),
    [
        (("manage.py", "serve"), True),
        (("/app/manage.py", "watch"), True),
        (("manage.py", "doctor", "serve"), False),
        (("manage.py",), False),
        (("/x/celery/__main__.py", "-A", "rrr_dashboard", "beat"), True),
        (("/venv/bin/celery", "worker"), True),
        (("/x/granian/__main__.py", "--host"), True),
        (("pytest",), False),
        ((), False),
    ],
)
def test_which_command_lines_are_services(
    words: tuple[str, ...], service: bool
) -> None:
    assert refusals.is_service(words) is service


def test_the_exception_itself_keeps_its_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(refusals, "speaks_json", lambda: True)
    refused = refusals.RefusedStart('no, said the "server"')
    assert str(refused) == 'no, said the "server"'
    assert json.loads(str(refused.code))["event"] == 'no, said the "server"'
