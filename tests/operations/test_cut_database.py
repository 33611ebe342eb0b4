"""A real second instance, whose database is taken away and given back."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from django.db import connection

from operations.probes import health_db
from operations.probes.health_db import faults_of_a_copy

pytestmark = [pytest.mark.django_db, pytest.mark.process]


def test_our_product_tells_of_a_database_that_is_cut() -> None:
    assert faults_of_a_copy() == []


def test_the_copy_is_of_the_database_however_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The product opens SQLite by an address, `file:…?mode=rw`; tests by a path."""
    if connection.vendor != "sqlite":
        return
    name = connection.settings_dict["NAME"]
    monkeypatch.setitem(connection.settings_dict, "NAME", f"file:{name}?mode=rw")
    health_db._copy_to(tmp_path / "copy")
    with closing(sqlite3.connect(tmp_path / "copy")) as copy:
        tables = copy.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    assert tables > 20
