"""What `serve` refuses before it starts anything, each in one sentence."""

from __future__ import annotations

import fcntl
import socket
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management.base import CommandError

from accounts.models import User
from kernel import locks
from rrr_dashboard import first_administrator, preflight, preparation
from rrr_dashboard.first_administrator import ask_for_one


@pytest.fixture
def state(tmp_path: Path, settings: Any) -> Iterator[Path]:
    settings.STATE_DIR = tmp_path / "state"
    yield tmp_path / "state"
    for name in ("serve.lock", "database.lock"):
        locks.release(tmp_path / "state" / name)


def test_a_free_folder_is_claimed(state: Path) -> None:
    preflight.claim(state)
    assert {path.name for path in state.iterdir()} == {"serve.lock", "database.lock"}


@pytest.mark.parametrize(
    ("lock", "why"),
    [
        ("serve.lock", "another `serve` already runs here"),
        ("database.lock", "a restore is running"),
    ],
)
def test_a_folder_that_is_in_use_is_refused(state: Path, lock: str, why: str) -> None:
    state.mkdir()
    with (state / lock).open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(CommandError, match=why):
            preflight.claim(state)


def test_a_folder_that_cannot_be_made_is_refused(state: Path) -> None:
    state.write_text("a file")
    with pytest.raises(CommandError, match="cannot be written"):
        preflight.claim(state)


def test_a_half_restore_is_refused_until_it_has_ended(state: Path) -> None:
    state.mkdir()
    preflight.refuse_half_restore()
    (state / "restore.pending").touch()
    with pytest.raises(CommandError, match="a restore was interrupted"):
        preflight.refuse_half_restore()


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_port_in_use_is_refused_with_the_next_one(settings: Any, host: str) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as taken:
        try:
            taken.bind((host, 0))
        except OSError:
            pytest.skip(f"this machine has no {host}")
        taken.listen()
        settings.BIND, settings.PORT = host, taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"PORT={settings.PORT + 1}"):
            preflight.refuse_taken_port()


def test_a_free_port_is_left_free(settings: Any) -> None:
    settings.BIND, settings.PORT = "127.0.0.1", 0
    preflight.refuse_taken_port()


def test_counters_of_dead_processes_are_emptied(state: Path) -> None:
    metrics = state / "metrics"
    metrics.mkdir(parents=True)
    (metrics / "counter_7.db").touch()
    preparation._empty_metrics(state)
    assert list(metrics.iterdir()) == []


# --- the first administrator


class Terminal(StringIO):
    def __init__(self, *, here: bool) -> None:
        super().__init__()
        self.here = here

    def isatty(self) -> bool:
        return self.here


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is typed, line by line: name, mail, passwords."""
    typed: list[str] = []
    monkeypatch.setattr("sys.stdin", Terminal(here=True))
    monkeypatch.setattr("builtins.input", lambda prompt: typed.pop(0))
    monkeypatch.setattr(first_administrator, "getpass", lambda prompt: typed.pop(0))
    return typed


@pytest.mark.django_db
def test_without_a_terminal_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(here=False))
    said: list[str] = []
    ask_for_one(said.append)
    assert "run `manage.py serve` in a terminal once" in said[0]
    assert not User.objects.filter(is_service=False).exists()


@pytest.mark.django_db
def test_where_there_are_people_nobody_is_asked(person: Any) -> None:
    person("ada", "Viewer")
    said: list[str] = []
    ask_for_one(said.append)
    assert said == []


@pytest.mark.django_db
def test_a_weak_password_is_asked_for_again(
    answers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    answers += [" ada ", "ada@example.test", "short", "correct horse battery staple 7"]
    ask_for_one(lambda line: None)
    ada = User.objects.get(username="ada")
    assert list(ada.groups.values_list("name", flat=True)) == ["Administrator"]
    assert ada.check_password("correct horse battery staple 7")
    assert "too short" in capsys.readouterr().out
