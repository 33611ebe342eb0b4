"""Two installations keep their backups in one place: neither lists, expires or removes
what is the other's, and both hear that it is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError
from django.utils import timezone

from accounts.models import User
from audit import queries as audit_queries
from kernel.half_restored import pending_file
from operations.jobs import backup as jobs
from operations.models import Backup
from operations.services.backups import (
    files,
    keeping,
    kept,
    ownership,
    relisting,
    shelves,
    taking,
    tidying,
)
from rrr_dashboard.management.commands import doctor
from tests.operations.commands import restore, said

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("state"),
]
DAY = timedelta(days=1)


def of_another() -> Path:
    """A whole backup in our place that an installation with another log took."""
    backup = taking.take("system")
    path = Path(backup.location)
    with files.opened(path) as archive:
        manifest = replace(archive.manifest, uid=uuid4().hex, log="e" * 32)
        heads = files.signed_heads()
        theirs = files.write(manifest, archive.database, path.name[4:20], heads)
    path.unlink()
    backup.delete()
    return Path(theirs)


def test_a_backup_says_whose_it_is(settings: Any) -> None:
    backup = taking.take("system")
    manifest = files.read_manifest(Path(backup.location))
    assert (manifest.log, manifest.environment) == (
        audit_queries.log_name(),
        settings.RRR_ENV,
    )
    assert ownership.mark_of(manifest) in Path(backup.location).name
    assert ownership.mark_of(manifest) == ownership.own_mark()


def test_the_first_of_all_says_it_too() -> None:
    """Nothing was written in the log before."""
    assert audit_queries.log_name() is None
    backup = taking.take("system")
    assert files.read_manifest(Path(backup.location)).log == audit_queries.log_name()
    assert kept.of_others() == ""


def test_anothers_backup_is_neither_listed_nor_removed_and_is_said(
    settings: Any,
) -> None:
    settings.BACKUP_RETENTION = {"h": 1}
    theirs = of_another()
    ours = taking.take("system")
    before = theirs.read_bytes()
    sentence = "1 backup of other installations there: left alone"
    assert relisting.adopt() == 0
    assert jobs.look_again({}).endswith(f"as read back; {sentence}")
    assert doctor._backup_place().detail.endswith(sentence)
    keeping.retire()
    keeping.make_room()
    assert [row.uid for row in Backup.objects.all()] == [ours.uid]
    assert theirs.read_bytes() == before


@pytest.mark.parametrize("status", ["expired", "verified", "running"])
def test_a_row_that_came_with_a_copy_removes_nothing_of_the_original(
    settings: Any, status: str
) -> None:
    """A database that was copied by hand, with the rows of the backups, and goes on in
    another environment beside the one that it is a copy of."""
    settings.BACKUP_RETENTION = {"h": 1}
    theirs = taking.take("system")
    settings.RRR_ENV = "staging"
    Backup.objects.filter(pk=theirs.pk).update(
        status=status, started_at=timezone.now() - 9 * DAY
    )
    taking.take("system")
    tidying.tidy(timezone.now())
    keeping.retire()
    keeping.make_room()
    assert Path(theirs.location).exists()


@pytest.mark.parametrize("named_ours", [False, True], ids=["no mark", "our mark"])
def test_what_a_backup_says_itself_counts_more_than_its_name(
    named_ours: bool,
) -> None:
    """Old ones have no mark; anybody may have renamed one."""
    ours, theirs = Path(taking.take("system").location), of_another()
    Backup.objects.all().delete()
    mark = f"-{ownership.own_mark()}" if named_ours else ""
    for path in (ours, theirs):
        name = ownership.KeptName.of(path.name)
        assert name is not None
        path.rename(path.with_name(path.name.replace(f"-{name.mark}", mark)))
    assert relisting.adopt() == 1
    assert ours.name.startswith("rrr-")
    assert Backup.objects.get().uid.hex in ours.name


def test_ours_is_found_first_and_anothers_where_there_is_none() -> None:
    theirs = of_another()
    uid = ownership.KeptName.of(theirs.name)
    assert uid is not None
    assert kept.find(uid.uid[:8]) == str(theirs)
    copied = kept.bring_in(str(theirs))
    assert ownership.own_mark() in copied
    assert kept.find(uid.uid[:8]) == copied


@pytest.mark.process
def test_anothers_backup_replaces_nothing_here_unless_it_is_meant(
    person: Callable[..., User],
) -> None:
    theirs = of_another()
    person("late", "Viewer")
    taking.take("system")
    assert "of another installation: RRR_ENV development, another log, eeee" in said(
        "restore", str(theirs)
    )
    with pytest.raises(CommandError, match=r"--from-elsewhere it takes the place"):
        restore(str(theirs))
    assert User.objects.filter(username="late").exists()
    assert not pending_file().exists()
    assert "restored to" in restore(str(theirs), "--from-elsewhere")
    assert not User.objects.filter(username="late").exists()
    assert theirs.exists()


@pytest.mark.process
def test_a_restore_into_another_environment_leaves_the_originals_backups_to_it(
    settings: Any,
) -> None:
    """From production into staging, with one place for both."""
    settings.BACKUP_RETENTION = {"h": 1}
    older, theirs = taking.take("system"), taking.take("system")
    before = {path.name: path.read_bytes() for path in kept_files()}
    settings.RRR_ENV = "staging"
    done = restore(theirs.uid.hex, "--from-elsewhere", "--without-saving")
    assert "2 backups of other installations there: left alone" in done
    own = Backup.objects.get(uid=theirs.uid)
    assert own.status == "verified"
    assert own.location != theirs.location, "a copy of our own"
    assert files.digest(Path(own.location)) == own.sha256
    row = Backup.objects.get(uid=older.uid)
    assert (row.status, row.location) == ("expired", "")
    assert "as read back" in jobs.look_again({}), "none is lost"
    taking.take("system")
    keeping.retire()
    assert {
        name: Path(older.location).with_name(name).read_bytes() for name in before
    } == (before)


def kept_files() -> list[Path]:
    return [Path(shelves.shelf().location(name.name)) for name in kept.names()]


def test_a_manifest_of_a_later_version_is_a_sentence() -> None:
    path = Path(taking.take("system").location)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(files, "FIELDS", files.FIELDS - {"log"})
        with pytest.raises(
            CommandError, match="'log', which this version does not know"
        ):
            said("restore", str(path))
