"""What `serve` refuses before it starts anything, each in one sentence."""

from __future__ import annotations

import fcntl
import socket
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import DatabaseError, connection

from accounts.models import User
from accounts.services.first_administrator import name_first_administrator
from audit.models import AuditEvent
from kernel import locks
from kernel.errors import Conflict, Invalid
from rrr_dashboard import first_administrator, preflight, preparation
from rrr_dashboard.first_administrator import ask_for_one

STRONG = "correct horse battery staple 7"


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


@pytest.mark.embedded
@pytest.mark.django_db
def test_a_database_that_is_as_it_must_be_is_served_on_a_full_disk() -> None:
    said: list[str] = []
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA max_page_count = 1")  # what it has, and no page more
        try:
            with preparation._reading_at_least(said.append):
                cursor.execute("CREATE TABLE more AS SELECT randomblob(1000000) AS b")
        finally:
            cursor.execute("PRAGMA max_page_count = 4294967294")
        assert said == ["the disk is full: changes are taken again when there is room"]
        with (
            pytest.raises(DatabaseError, match="no such table"),
            preparation._reading_at_least(said.append),
        ):
            cursor.execute("SELECT 1 FROM nowhere")


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
    assert "manage.py first_admin NAME MAIL" in said[0]
    assert not User.objects.filter(is_service=False).exists()


@pytest.mark.django_db
def test_where_there_are_people_nobody_is_asked(person: Any) -> None:
    person("ada", "Viewer")
    said: list[str] = []
    ask_for_one(said.append)
    assert said == []


@pytest.mark.django_db
def test_a_weak_password_and_two_that_differ_are_asked_for_again(
    answers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    answers += [" ada ", "ada@example.test", "short", STRONG, f"{STRONG}8", STRONG]
    answers += [STRONG]
    ask_for_one(lambda line: None)
    ada = User.objects.get(username="ada")
    assert list(ada.groups.values_list("name", flat=True)) == ["Administrator"]
    assert ada.check_password(STRONG)
    said = capsys.readouterr().out
    assert "too short" in said
    assert "The two differ" in said
    assert answers == []


@pytest.mark.django_db
def test_a_wrong_mail_address_is_no_question_of_passwords(answers: list[str]) -> None:
    answers += ["ada", "nowhere", STRONG]
    with pytest.raises(Invalid, match="email"):
        ask_for_one(lambda line: None)


# --- manage.py first_admin


def first_admin(password: str, monkeypatch: pytest.MonkeyPatch, *words: str) -> str:
    """What the command says, with the password on standard input."""
    said, stdin = StringIO(), Terminal(here=False)
    stdin.write(password)
    stdin.seek(0)
    monkeypatch.setattr("sys.stdin", stdin)
    call_command("first_admin", *words, stdout=said)
    return said.getvalue()


@pytest.mark.django_db
def test_the_first_administrator_is_named_by_a_line_of_input_and_logged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = first_admin(f"{STRONG}\nmore\n", monkeypatch, "ada", "ada@example.test")
    ada = User.objects.get(username="ada")
    assert said == "ada is an Administrator now.\n"
    assert ada.check_password(STRONG)
    assert (ada.email, ada.is_staff) == ("ada@example.test", True)
    event = AuditEvent.objects.order_by("-seq")[0]
    assert (event.kind, event.actor) == ("accounts.person.added", "system")
    assert event.object == f"person:{ada.pk}"


@pytest.mark.django_db
def test_while_an_administrator_is_active_nobody_becomes_the_first(
    person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada = person("ada", "Administrator")
    with pytest.raises(CommandError, match="an active Administrator already"):
        first_admin(STRONG, monkeypatch, "mallory", "mallory@example.test")
    # Asked again after the password was typed: somebody may have been quicker.
    with pytest.raises(Conflict, match="an active Administrator"):
        name_first_administrator("mallory", email="m@example.test", password=STRONG)
    ada.is_active = False
    ada.save()
    first_admin(STRONG, monkeypatch, "grace", "grace@example.test")
    assert not User.objects.filter(username="mallory").exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "mail", "password", "why"),
    [
        ("ada", "ada@example.test", "short", "password: This password is too short"),
        ("ada", "ada@example.test", "", "password: This password is too short"),
        ("ada", "nowhere", STRONG, "email: Enter a valid email"),
        ("ada", "", STRONG, "email: Give an address"),
        ("a da", "ada@example.test", STRONG, "username: Enter a valid username"),
        ("", "ada@example.test", STRONG, "username: This field cannot be blank"),
    ],
)
def test_what_cannot_be_taken_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, name: str, mail: str, password: str, why: str
) -> None:
    with pytest.raises(CommandError, match=why):
        first_admin(password, monkeypatch, name, mail)
    assert not User.objects.filter(is_service=False).exists()


@pytest.mark.django_db
def test_a_name_that_is_taken_is_refused(
    person: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    person("ada", "Viewer")
    with pytest.raises(CommandError, match="already a 'ada'"):
        first_admin(STRONG, monkeypatch, "ada", "ada@example.test")
