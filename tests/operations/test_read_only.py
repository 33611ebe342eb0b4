"""A database that answers every question and takes no change is not well."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from accounts.models import User
from operations.queries import health
from rrr_dashboard.management.commands import doctor

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def read_only(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Its file system took no writes when it was opened, or its server takes none."""
    if connection.vendor != "postgresql":
        monkeypatch.setattr("os.access", lambda path, mode: False)
        yield
        return
    name = connection.ops.quote_name(str(connection.settings_dict["NAME"]))
    change = f"ALTER DATABASE {name} %s default_transaction_read_only"
    with connection.cursor() as cursor:
        cursor.execute(f"{change % 'SET'} = on")
    connection.close()
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SET default_transaction_read_only = off")
            cursor.execute(change % "RESET")
        connection.close()


@pytest.mark.usefixtures("read_only")
def test_health_and_doctor_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    found = health.database()
    assert found.status == "fail"
    assert found.detail == "answers, but takes no change: it is read-only"
    with pytest.raises(CommandError):
        call_command("doctor", "--json")
    findings = json.loads(capsys.readouterr().out)["findings"]
    said = {each["name"]: each for each in findings}["database"]
    assert said["level"] == "fail"
    assert said["detail"].endswith("answers, but takes no change: it is read-only")


def test_one_that_takes_changes_is(desk: Client, operator: User) -> None:
    checks = desk.get("/health").json()["checks"]
    assert checks["database"][0]["status"] == "pass"


@pytest.mark.embedded
def test_doctor_looks_for_damage_that_nobody_has_met(tmp_path: Path) -> None:
    copy = tmp_path / "copy.sqlite3"
    with connection.cursor() as cursor:
        cursor.execute("VACUUM INTO %s", [str(copy)])
    with closing(sqlite3.connect(copy)) as whole:
        assert doctor.damage_of(whole.cursor()) == ""
    pages = bytearray(copy.read_bytes())
    for page in range(40, 60):
        pages[page * 4096 : page * 4096 + 200] = b"\xff" * 200
    copy.write_bytes(pages)
    with closing(sqlite3.connect(copy)) as damaged:
        damaged.execute("SELECT 1")
        try:
            said = doctor.damage_of(damaged.cursor())
        except sqlite3.DatabaseError as error:
            said = str(error)
        assert said
