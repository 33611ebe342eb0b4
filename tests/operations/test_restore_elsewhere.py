"""A backup is written to another place, on either database, and ours is left alone."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError
from django.db import DatabaseError, connection, connections

from accounts.models import Session, User
from accounts.services.sessions import open_session
from audit import queries as audit_queries
from audit.models import AuditEvent
from kernel import blobs, registry
from operations.models import Job, JobRun, Notice
from operations.services.backups import copies, engines, files, postgresql, taking
from operations.services.backups.copies import BackupError
from tests import breaches
from tests.operations.commands import said
from trades.queries.words import INDEX
from trades.services.words import index_words

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("state")]
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


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


def test_another_database_holds_what_was_there_and_ours_is_left_alone(
    place: str, person: Callable[..., User]
) -> None:
    person("olga", "Operator")
    index_words()
    backup = taking.take("system")
    person("late", "Viewer")
    assert "holds what was there at" in said("restore", backup.location, "--to", place)
    with there(place) as alias:
        people = User.objects.using(alias)
        assert str(people.count()) == backup.marker["rows.accounts_user"]
        assert not people.filter(username="late").exists()
        with connections[alias].cursor() as cursor:
            cursor.execute(*INDEX.marker())
            assert cursor.fetchone() is not None
    assert User.objects.filter(username="late").exists()


def test_a_copy_wakes_nothing_of_the_past_and_ours_goes_on(
    place: str, person: Callable[..., User]
) -> None:
    olga = person("olga", "Operator")
    breaches.look(NOON, seconds=40)
    ours = open_session(olga, Session.Kind.API)
    run = JobRun.objects.create(job=Job.objects.create(name="left"), due_at=NOON)
    backup, size = taking.take("system"), audit_queries.head().size
    said("restore", backup.location, "--to", place)
    with there(place) as alias:
        assert Session.objects.using(alias).get(pk=ours.pk).revoked_at is not None
        assert Notice.objects.using(alias).get(level="firing").state == "suppressed"
        assert JobRun.objects.using(alias).get(pk=run.pk).state == "lost"
        newest = AuditEvent.objects.using(alias).order_by("-seq")[0]
        assert newest.kind == "operations.backup.restored"
    ours.refresh_from_db()
    run.refresh_from_db()
    assert (ours.revoked_at, run.state) == (None, "queued")
    assert audit_queries.head().size == size


def test_a_place_that_is_taken_is_left_as_it_is(place: str) -> None:
    backup = taking.take("system")
    said("restore", backup.location, "--to", place)
    with there(place) as alias:
        before = copies.marker(alias)
    with pytest.raises(CommandError, match="already"):
        said("restore", backup.location, "--to", place)
    with there(place) as alias:
        assert copies.marker(alias) == before


def test_files_come_along_where_a_folder_is_named(
    place: str, state: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = blobs.keep(b"what ada saw")
    monkeypatch.setattr(registry, "BLOB_NAMES", [lambda alias: {digest}])
    settings.CHECKPOINT_DIR.mkdir()
    (settings.CHECKPOINT_DIR / "a.note").write_text("signed")
    backup, folder = taking.take("system"), state / "beside"
    said("restore", backup.location, "--to", place, "--files", str(folder))
    found = folder / "files" / digest[:2] / digest
    assert found.read_bytes() == b"what ada saw"
    assert found.stat().st_mode & 0o777 == 0o600
    assert (folder / "checkpoints" / "a.note").read_text() == "signed"
    with pytest.raises(CommandError, match="is there already: name another folder"):
        said("restore", backup.location, "--to", "elsewhere", "--files", str(folder))
    with pytest.raises(CommandError, match="--files belongs to --to"):
        said("restore", backup.location, "--files", str(folder))


def test_a_copy_that_fails_leaves_no_files(place: str, state: Path) -> None:
    blobs.keep(b"what ada saw")
    backup, folder = taking.take("system"), state / "beside"
    said("restore", backup.location, "--to", place)
    with pytest.raises(CommandError, match="already"):
        said("restore", backup.location, "--to", place, "--files", str(folder))
    assert not folder.exists()


@pytest.mark.parametrize("name", ["a/path", "Big", "x" * 64, "", "drop table", "1st"])
def test_a_name_that_is_none_is_refused_before_a_database_is_made(name: str) -> None:
    with pytest.raises(BackupError, match="is no name of a database"):
        postgresql.write_to(Path("copied"), name, lambda: None)


def test_a_place_that_cannot_be_written_has_nothing_half(
    place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backup = taking.take("system")
    with files.opened(Path(backup.location)) as archive:
        archive.database.write_bytes(b"")
        if connection.vendor == "sqlite":
            place = f"{Path(place).parent}/nowhere/x.sqlite3"
        with pytest.raises(BackupError):
            engines.engine().write_to(archive.database, place, lambda: None)
    with (
        pytest.raises(DatabaseError, match=r"unable to open|does not exist"),
        there(place) as alias,
    ):
        copies.marker(alias)
