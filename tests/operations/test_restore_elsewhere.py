"""A backup is written to another place, on either database, and ours is left alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection

from accounts.models import User
from kernel import blobs, registry
from operations.services.backups import copies, engines, files, postgresql, taking
from operations.services.backups.copies import BackupError

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def state(tmp_path: Path, settings: Any) -> Path:
    settings.STATE_DIR = tmp_path / "var"
    settings.BACKUP_URL = str(tmp_path / "var" / "backups")
    settings.CHECKPOINT_DIR = tmp_path / "var" / "checkpoints"
    settings.LOG_KEY_FILE = tmp_path / "var" / "log.key"
    settings.CHECKPOINT_DIR.mkdir(parents=True)
    return tmp_path


@pytest.fixture
def place(state: Path) -> Iterator[str]:
    """Another database that is not there yet."""
    if connection.vendor == "sqlite":
        yield str(state / "looked-at.sqlite3")
        return
    name = f"rrr_looked_at_{os.getpid()}"
    yield name
    postgresql._run("dropdb", "--if-exists", name)


def there(place: str) -> Any:
    """A connection to that other database."""
    sqlite = connection.vendor == "sqlite"
    return copies.second_connection(
        "elsewhere", NAME=f"file:{place}?mode=ro" if sqlite else place
    )


def restore(*words: str) -> str:
    out = StringIO()
    call_command("restore", *words, stdout=out)
    return out.getvalue()


def test_another_database_holds_what_the_marker_says_and_ours_is_left_alone(
    place: str, person: Callable[..., User]
) -> None:
    person("olga", "Operator")
    backup = taking.take("system")
    person("late", "Viewer")
    assert "holds what was there at" in restore(backup.location, "--to", place)
    with there(place) as alias:
        assert copies.marker(alias) == backup.marker
        assert not User.objects.using(alias).filter(username="late").exists()
    assert User.objects.filter(username="late").exists()


def test_a_place_that_is_taken_is_left_as_it_is(place: str) -> None:
    backup = taking.take("system")
    restore(backup.location, "--to", place)
    with pytest.raises(CommandError, match="already"):
        restore(backup.location, "--to", place)
    with there(place) as alias:
        assert copies.marker(alias) == backup.marker


def test_files_come_along_where_a_folder_is_named(
    place: str, state: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = blobs.keep(b"what ada saw")
    monkeypatch.setattr(registry, "BLOB_NAMES", [lambda alias: {digest}])
    (settings.CHECKPOINT_DIR / "a.note").write_text("signed")
    backup, folder = taking.take("system"), state / "beside"
    restore(backup.location, "--to", place, "--files", str(folder))
    found = folder / "files" / digest[:2] / digest
    assert found.read_bytes() == b"what ada saw"
    assert found.stat().st_mode & 0o777 == 0o600
    assert (folder / "checkpoints" / "a.note").read_text() == "signed"
    with pytest.raises(CommandError, match="is there already: name another folder"):
        restore(backup.location, "--to", "elsewhere", "--files", str(folder))
    with pytest.raises(CommandError, match="--files belongs to --to"):
        restore(backup.location, "--files", str(folder))


@pytest.mark.parametrize("name", ["a/path", "Big", "x" * 64, "", "drop table", "1st"])
def test_a_name_that_is_none_is_refused_before_a_database_is_made(name: str) -> None:
    with pytest.raises(BackupError, match="is no name of a database"):
        postgresql.write_to(Path("copied"), name)


def test_a_place_that_cannot_be_written_has_nothing_half(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = taking.take("system")
    with files.opened(Path(backup.location)) as archive:
        archive.database.write_bytes(b"")
        if connection.vendor == "sqlite":
            place = f"{Path(place).parent}/nowhere/x.sqlite3"
        with pytest.raises(BackupError):
            engines.engine().write_to(archive.database, place)
    with (
        pytest.raises(DatabaseError, match=r"unable to open|does not exist"),
        there(place) as alias,
    ):
        copies.marker(alias)
