"""A backup file proves itself: what it is, what it holds, and that it is whole."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from operations.jobs.backup import backup as backup_job
from operations.models import Backup
from operations.services.backups import (
    copies,
    files,
    keeping,
    kept,
    restoring,
    taking,
)
from operations.services.backups.copies import BackupError
from operations.services.backups.files import Manifest

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def own_state(state: Path, settings: Any, db: None) -> Path:
    settings.BACKUP_URL = f"file://{state / 'backups'}"
    settings.BACKUP_KEY = ""  # these tests look into the tar themselves
    (state / "backups").mkdir()
    return state


MANIFEST = Manifest(
    uid="a" * 32,
    engine="sqlite",
    taken_at="2026-03-01T12:00:00+00:00",
    database="database.sqlite3",
    database_sha256="",
    migrations=["operations.0001_initial"],
    marker={"rows.x": "1"},
)


def packed(own_state: Path, manifest: Manifest = MANIFEST, stamp: str = "") -> Path:
    """A backup file with the bytes "rows" for a database."""
    database = own_state / "copied"
    database.write_bytes(b"rows")
    whole = replace(manifest, database_sha256=files.digest(database))
    stamp = stamp or "20260301T120000Z"
    return Path(files.write(whole, database, stamp, files.signed_heads()))


def repacked(path: Path, **entries: bytes) -> Path:
    """The file with other entries in it."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in entries.items():
            entry = tarfile.TarInfo(name.replace("_", "."))
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return path


def test_what_was_packed_is_unpacked(own_state: Path) -> None:
    (own_state / "checkpoints").mkdir()
    (own_state / "checkpoints" / "7.note").write_text("signed")
    path = packed(own_state)
    assert path.name == f"rrr-20260301T120000Z-{'a' * 32}.tar.gz"
    with files.opened(path) as archive:
        assert archive.database.read_bytes() == b"rows"
        assert archive.database.stat().st_mode & 0o777 == 0o600
        assert archive.manifest.marker == {"rows.x": "1"}
    with tarfile.open(path) as tar:
        assert "checkpoints/7.note" in tar.getnames()


def manifest_bytes(**changes: object) -> bytes:
    return json.dumps({**asdict(MANIFEST), **changes}).encode()


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ({}, "is no whole backup"),
        ({"manifest_json": b"not json"}, "is no whole backup"),
        ({"manifest_json": b"{}"}, "has format None, not 1"),
        ({"manifest_json": manifest_bytes(format=2)}, "has format 2, not 1"),
        ({"manifest_json": manifest_bytes(moon="full")}, "'moon', which this version"),
        ({"manifest_json": b'{"format": 1}'}, "is no whole backup"),
    ],
    ids=[
        "no manifest",
        "a manifest that is no JSON",
        "a manifest without a format",
        "a format of the future",
        "a field nobody knows",
        "fields that are missing",
    ],
)
def test_a_manifest_that_is_none_is_refused(
    own_state: Path, entries: dict[str, bytes], why: str
) -> None:
    path = repacked(packed(own_state), **entries)
    with pytest.raises(BackupError, match=why):
        files.read_manifest(path)


@pytest.mark.parametrize(
    ("manifest", "database", "why"),
    [
        ({"database": "../../etc/passwd"}, {}, "names a strange database file"),
        ({"database": "database.SQL"}, {}, "names a strange database file"),
        ({"database": "database.sqlite3"}, {}, "is damaged"),
        (
            {"database": "database.sqlite3", "database_sha256": "0" * 64},
            {"database_sqlite3": b"rows"},
            "the database is not what the manifest says",
        ),
    ],
    ids=["a way out", "capitals", "the database is missing", "another database"],
)
def test_a_database_that_is_not_the_manifests_is_refused(
    own_state: Path,
    manifest: dict[str, object],
    database: dict[str, bytes],
    why: str,
) -> None:
    entries = {"manifest_json": manifest_bytes(**manifest), **database}
    path = repacked(packed(own_state), **entries)
    with pytest.raises(BackupError, match=why), files.opened(path):
        pass


def test_the_folder_lists_whole_backups_newest_first(own_state: Path) -> None:
    old = packed(own_state, replace(MANIFEST, uid="b" * 32), "20260301T120000Z")
    new = packed(own_state, replace(MANIFEST, uid="c" * 32), "20260302T120000Z")
    broken = packed(own_state, replace(MANIFEST, uid="d" * 32), "20260303T120000Z")
    broken.write_bytes(broken.read_bytes()[:50])
    (own_state / "backups" / "rrr-notes.tar.gz").write_text("by hand")
    assert [file.location for file in kept.whole()] == [str(new), str(old)]


@pytest.mark.parametrize(
    ("name", "uid"),
    [("b", "b" * 32), ("B" * 8, "b" * 32), ("bbbbbbbb-bbbb", "b" * 32)],
    ids=["a beginning", "capitals", "with dashes"],
)
def test_a_backup_is_found_by_the_beginning_of_its_id(
    own_state: Path, name: str, uid: str
) -> None:
    packed(own_state, replace(MANIFEST, uid="b" * 32))
    packed(own_state, replace(MANIFEST, uid="c" * 32))
    assert uid in kept.find(name)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("f", "no backup called 'f'"),
        ("b", "2 backups called 'b'"),
        ("", "no backup called ''"),
        ("/nowhere.tar.gz", "no backup called"),
    ],
    ids=["none", "two", "nothing given", "a path that is not there"],
)
def test_a_name_that_means_no_single_backup_is_refused(
    own_state: Path, name: str, why: str
) -> None:
    packed(own_state, replace(MANIFEST, uid="b" * 32))
    packed(own_state, replace(MANIFEST, uid="b" * 31 + "c"))
    with pytest.raises(BackupError, match=why):
        kept.find(name)


def test_a_path_is_taken_as_it_is(own_state: Path) -> None:
    path = packed(own_state)
    moved = path.rename(own_state / "elsewhere.tar.gz")
    assert kept.find(str(moved)) == str(moved)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({}, {}, []),
        ({"a": "1"}, {"a": "1"}, []),
        ({"a": "1"}, {}, ["a: 1 became absent"]),
        ({}, {"a": "1"}, ["a: absent became 1"]),
        (
            {"b": "1", "a": "1"},
            {"a": "2", "b": "2"},
            ["a: 1 became 2", "b: 1 became 2"],
        ),
    ],
    ids=["nothing", "the same", "lost", "new", "both, by name"],
)
def test_markers_differ_in_words(
    before: dict[str, str], after: dict[str, str], words: list[str]
) -> None:
    assert copies.differences(before, after) == words


# --- the commands and the job


@pytest.mark.django_db
def test_a_backup_of_another_engine_is_refused(own_state: Path) -> None:
    path = packed(own_state, replace(MANIFEST, engine="oracle"))
    with pytest.raises(BackupError, match="the backup is of oracle, this database is"):
        restoring.plan(str(path))


@pytest.mark.django_db
def test_restore_says_in_one_sentence_what_is_wrong() -> None:
    with pytest.raises(CommandError, match="no backup called 'moon'"):
        call_command("restore", "moon")


@pytest.mark.django_db
def test_a_backup_that_fails_is_a_command_that_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    failed = Backup(engine="sqlite", status="failed", started_at=NOON, error="full")
    monkeypatch.setattr(taking, "take", lambda *args, **options: failed)
    with pytest.raises(CommandError, match="no backup was made: full"):
        call_command("backup", stdout=StringIO())
    with pytest.raises(RuntimeError, match="no backup was made: full"):
        backup_job({"now": "true"})


@pytest.mark.parametrize(
    ("age", "params", "taken"),
    [
        (None, {}, True),
        (timedelta(hours=23), {}, False),
        (timedelta(hours=25), {}, True),
        (timedelta(hours=1), {"now": "true"}, True),
        (timedelta(hours=1), {"now": "false"}, False),
    ],
    ids=["none yet", "young", "old", "asked for", "not asked for"],
)
@pytest.mark.django_db
def test_the_job_takes_one_when_it_is_due_or_asked_for(
    monkeypatch: pytest.MonkeyPatch,
    age: timedelta | None,
    params: dict[str, str],
    taken: bool,
) -> None:
    now = datetime.now(UTC)
    if age is not None:
        Backup.objects.create(engine="x", status="verified", started_at=now - age)
    made = Backup(engine="sqlite", status="verified", started_at=now, bytes=5)
    asked: list[str] = []

    def take(actor: str, progress: object) -> Backup:
        asked.append(actor)
        return made

    monkeypatch.setattr(taking, "take", take)
    # Whether its file is there is asked in tests/operations/test_liars.py.
    monkeypatch.setattr(keeping, "newest_missing", lambda: "")
    said = backup_job(params)
    assert asked == (["j:backup"] if taken else [])
    assert ("not due" in said) is not taken


@pytest.mark.parametrize("status", ["failed", "running", "expired"])
@pytest.mark.django_db
def test_only_a_good_backup_counts_as_the_newest(status: str) -> None:
    now = datetime.now(UTC)
    Backup.objects.create(engine="x", status=status, started_at=now)
    assert taking.due(now)
