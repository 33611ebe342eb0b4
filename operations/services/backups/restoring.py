"""Put a backup back: refused while any process uses the database, and only after
what is there has been backed up. Before anything may open the restored database,
`settling` ends what it would wake."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from audit import channels as audit_channels
from audit import queries as audit_queries
from kernel import blobs, locks
from kernel.files import write_once, write_whole
from kernel.half_restored import pending_file
from kernel.sqlite import served_file
from operations.domain.asides import Aside
from operations.models import Backup, Heartbeat
from operations.services.backups import (
    engines,
    files,
    kept,
    ownership,
    relisting,
    settling,
    shelves,
    taking,
)
from operations.services.backups.comparing import Likeness, likeness
from operations.services.backups.copies import FAILURES, BackupError, Progress

ALIVE_WITHIN = timedelta(seconds=60)


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a restore would do; `taken_at` is the moment it goes back to."""

    location: str
    manifest: files.Manifest
    to_migrate: int

    @property
    def name(self) -> str:
        return self.location.rpartition("/")[2]


def plan(name: str) -> Plan:
    """Look at a backup without changing anything. Raises BackupError."""
    location = kept.find(name)
    with _opened(location) as archive:
        manifest = archive.manifest
        _same_engine(manifest)
        engines.engine().check(archive.database)
    replayed, newer = _migrations_beside(set(manifest.migrations))
    if newer:
        raise BackupError(
            f"the backup is newer than this code ({newer[0]} is unknown here): "
            "check out the version that took it"
        )
    to_migrate = len(replayed)
    return Plan(location=location, manifest=manifest, to_migrate=to_migrate)


def _migrations_beside(applied: set[str]) -> tuple[list[str], list[str]]:
    """(what this code has beyond the applied, what it does not know of them). One that
    stands for many says which is its last: it is neither, whatever its version."""
    on_disk = MigrationLoader(None).disk_migrations
    own = {
        f"{app}.{name}"
        for app, name in on_disk
        if (app, name.partition("_squashed_")[2]) not in on_disk
    }
    known = {name for name in applied if name in own or _last_of(name) in own}
    return sorted(own - applied), sorted(applied - known)


def _last_of(migration: str) -> str:
    """trades.0001_squashed_0013_generations ends with trades.0013_generations."""
    app, _, name = migration.partition(".")
    return f"{app}.{name.partition('_squashed_')[2] or name}"


@contextmanager
def _opened(location: str) -> Iterator[files.Archive]:
    with shelves.fetched(location) as path, files.opened(path) as archive:
        yield archive


def _same_engine(manifest: files.Manifest) -> None:
    if manifest.engine != engines.name():
        raise BackupError(
            f"the backup is of {manifest.engine}, this database is {engines.name()}"
        )


def foreign(chosen: Plan) -> str:
    """Of which other installation the backup is, in words; "" where it is ours or does
    not say, and where no database is here that it could replace."""
    manifest = chosen.manifest
    try:
        own = ownership.own_mark() if engines.engine().there() else ""
    except DatabaseError:
        own = ""  # what cannot be asked is to be replaced
    if not own or not manifest.log or ownership.mark_of(manifest) == own:
        return ""
    same = manifest.log == audit_queries.log_name()
    log = "the same log" if same else f"another log, {manifest.log[:8]}…"
    return f"it is of another installation: RRR_ENV {manifest.environment}, {log}"


def restore(
    chosen: Plan,
    *,
    save: bool = True,
    from_elsewhere: bool = False,
    progress: Progress = taking.nothing,
) -> list[str]:
    """Do it; returns in sentences what was done. Raises BackupError, and then what was
    there is there as it was.

    `save` backs up first what is here, and refuses where that cannot be done. What is
    here is replaced by another installation's backup only if `from_elsewhere` says so."""
    _alone()
    other = foreign(chosen)
    if other and not from_elsewhere:
        raise BackupError(
            f"{other}. With --from-elsewhere it takes the place of what is here"
        )
    saved = _save_target(chosen) if save else ""
    engine = engines.engine()
    engine.refuse_others()
    with (
        shelves.fetched(chosen.location) as path,
        files.opened(path) as archive,
    ):
        file = kept.described(chosen.location, path, archive.manifest)

        def ready() -> None:
            seen = _refuse_unlike(archive)
            bring_back_files(archive)
            _put_to_rest(chosen)
            relisting.list_restored(file, seen)

        aside = engine.put_back(archive.database, ready, _marked(chosen), progress)
    return [
        f"restored to {chosen.manifest.taken_at}",
        *_what_was_there(saved, aside),
        *relisting.keep_restored(file),
        *_what_is_missing(),
    ]


@contextmanager
def _marked(chosen: Plan) -> Iterator[None]:
    """While one database takes the other's place. An error leaves the old one, whole;
    only who is killed in between leaves the mark, so that nobody opens what is not
    there and begins anew."""
    write_whole(pending_file(), chosen.name.encode())
    try:
        yield
        (Path(settings.STATE_DIR) / "initialised").touch()
    finally:
        pending_file().unlink()


def _what_was_there(saved: str, aside: Aside | None) -> Iterator[str]:
    if saved:
        yield f"what was here before: {saved}"
    if aside:
        yield (
            f"what was here lies in {aside.name} ({aside.size}) until you drop it, which "
            f"nobody does for you: {aside.command}"
        )


def _what_is_missing() -> Iterator[str]:
    if audit_channels.lacks_key():
        yield (
            "nothing can be signed on until LOG_KEY_FILE is here: bring back "
            f"{settings.LOG_KEY_FILE}, which no backup holds"
        )


def _put_to_rest(chosen: Plan) -> None:
    """On the default database, before anybody opens it."""
    call_command("migrate", verbosity=0, interactive=False)
    settling.settle(chosen.manifest, timezone.now())


def restore_to(chosen: Plan, target: str, beside: str = "") -> str:
    """Write the backup's database to another place, put to rest like one that is
    restored, and leave ours alone; its files go into the folder `beside` where one is
    named. Returns one sentence. Raises BackupError with nothing written."""
    with _opened(chosen.location) as archive, _files_in(archive, beside):

        def ready() -> None:
            _refuse_unlike(archive)
            _put_to_rest(chosen)

        engines.engine().write_to(archive.database, target, ready)
    also = f", and {beside} the files" if beside else ""
    return f"{target} holds what was there at {chosen.manifest.taken_at}{also}"


@contextmanager
def _files_in(archive: files.Archive, folder: str) -> Iterator[None]:
    """The archive's files lie in `folder`, "" for nowhere, if the block ends well."""
    if folder and Path(folder).exists():
        raise BackupError(f"{folder} is there already: name another folder")
    try:
        if folder:
            _write_files(archive, Path(folder))
        yield
    except BaseException:
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
        raise


def _write_files(archive: files.Archive, folder: Path) -> None:
    """As they lie in a state directory."""
    for kind in (files.BLOBS, files.CHECKPOINTS):
        for name, content in files.beside(archive, kind):
            shelf = name[:2] if kind == files.BLOBS else ""
            path = folder / kind / shelf / name
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_once(path, content)


def _refuse_unlike(archive: files.Archive) -> Likeness:
    """Of the default database, which the copy stands in for."""
    seen = likeness(archive, "default")
    if seen.changes:
        raise BackupError(
            f"the backup does not restore to its marker: {seen.changes[0]}"
        )
    return seen


def bring_back_files(archive: files.Archive) -> None:
    """Files that rows name, where they are not there or not what they were, and
    signed heads of the log, where they are not there."""
    for _, content in files.beside(archive, files.BLOBS):
        blobs.keep(content)
    folder = Path(settings.CHECKPOINT_DIR)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, content in files.beside(archive, files.CHECKPOINTS):
        write_once(folder / name, content)


def _alone() -> None:
    try:
        locks.hold(Path(settings.STATE_DIR) / "database.lock", exclusive=True)
    except locks.Busy as busy:
        raise BackupError(
            "the product is running, or another restore: stop `serve` and everything "
            "else that uses the database"
        ) from busy
    served_file.forget()  # by whoever was killed
    if engines.name() == "postgresql":
        _refuse_signs_of_life()


def _refuse_signs_of_life() -> None:
    """Other hosts hold no lock of this one, and are not connected all the time."""
    at = timezone.now()
    lately = (at - ALIVE_WITHIN, at + ALIVE_WITHIN)
    try:
        beating = Heartbeat.objects.filter(beaten_at__range=lately).first()
    except DatabaseError:
        return  # nobody works with what cannot be asked
    if beating:
        raise BackupError(
            f"the product is running: {beating.name} lived less than a minute ago; "
            "stop it, and wait for a minute"
        )


def _save_target(chosen: Plan) -> str:
    """Back up what is there; its id, "" when nothing is. Raises BackupError, which says
    how to go on all the same."""
    if not engines.engine().there():
        return ""
    try:
        return _saved()
    except FAILURES as error:
        raise BackupError(
            f"what is here now could not be backed up first: {error}. With "
            "--without-saving it is restored over all the same, and what was written "
            f"since {chosen.manifest.taken_at} is lost"
        ) from error


def _saved() -> str:
    connection.ensure_connection()
    tables = connection.introspection.table_names()
    if not tables:
        return ""
    if "operations_backup" not in tables:
        raise BackupError("it is no database of this product")
    saved = taking.take("system")
    if saved.status == Backup.Status.FAILED:
        raise BackupError(saved.error)
    return saved.uid.hex
