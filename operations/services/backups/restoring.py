"""Put a backup back: refused while any process uses the database, and only after
what is there has been backed up. Before anything may open the restored database,
`settling` ends what it would wake."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.loader import MigrationLoader
from django.utils import timezone

from kernel import blobs, locks
from kernel.files import write_once, write_whole
from kernel.half_restored import pending_file
from operations.models import Backup
from operations.services.backups import engines, files, relisting, settling, taking
from operations.services.backups.comparing import Likeness, compare
from operations.services.backups.copies import BackupError, Progress


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a restore would do; `taken_at` is the moment it goes back to."""

    path: Path
    manifest: files.Manifest
    to_migrate: int


def plan(name: str) -> Plan:
    """Look at a backup without changing anything. Raises BackupError."""
    path = files.find(name)
    with files.opened(path) as archive:
        manifest = archive.manifest
        _same_engine(manifest)
        engines.engine().check(archive.database)
    known = {
        f"{app}.{migration}" for app, migration in MigrationLoader(None).disk_migrations
    }
    newer = sorted(set(manifest.migrations) - known)
    if newer:
        raise BackupError(
            f"the backup is newer than this code ({newer[0]} is unknown here): "
            "check out the version that took it"
        )
    to_migrate = len(known - set(manifest.migrations))
    return Plan(path=path, manifest=manifest, to_migrate=to_migrate)


def _same_engine(manifest: files.Manifest) -> None:
    if manifest.engine != engines.name():
        raise BackupError(
            f"the backup is of {manifest.engine}, this database is {engines.name()}"
        )


def restore(chosen: Plan, progress: Progress = taking.nothing) -> str:
    """Do it; returns one sentence. Raises BackupError with nothing changed, or, once
    writing has begun, with `restore.pending` left so that nothing serves it."""
    _alone()
    saved = _save_target()
    engine = engines.engine()
    with files.opened(chosen.path) as archive:
        seen = _like_its_marker(archive)
        engine.refuse_others()
        bring_back_files(archive)
        write_whole(pending_file(), chosen.path.name.encode())
        engine.put_back(archive.database, progress)
    call_command("migrate", verbosity=0, interactive=False)
    settling.settle(chosen.manifest, timezone.now())
    relisting.relist(
        chosen.path,
        status=Backup.Status.OK if seen.missing else Backup.Status.VERIFIED,
    )
    (Path(settings.STATE_DIR) / "initialised").touch()
    pending_file().unlink()
    before = f"; what was here before: {saved}" if saved else ""
    return f"restored to {chosen.manifest.taken_at}{before}"


def restore_to(chosen: Plan, target: str, beside: str = "") -> str:
    """Write the backup's database to another place, for looking, and leave ours alone;
    its files go into the folder `beside` where one is named. Returns one sentence.
    Raises BackupError with no database written."""
    with files.opened(chosen.path) as archive:
        _like_its_marker(archive)
        if beside:
            _write_files(archive, Path(beside))
        engines.engine().write_to(archive.database, target)
    also = f", and {beside} the files" if beside else ""
    return f"{target} holds what was there at {chosen.manifest.taken_at}{also}"


def _write_files(archive: files.Archive, folder: Path) -> None:
    """As they lie in a state directory."""
    if folder.exists():
        raise BackupError(f"{folder} is there already: name another folder")
    for kind in (files.BLOBS, files.CHECKPOINTS):
        for name, content in files.beside(archive, kind):
            shelf = name[:2] if kind == files.BLOBS else ""
            path = folder / kind / shelf / name
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            write_once(path, content)


def _like_its_marker(archive: files.Archive) -> Likeness:
    seen = compare(archive)
    if seen.changes:
        raise BackupError(
            f"the backup does not restore to its marker: {seen.changes[0]}"
        )
    return seen


def bring_back_files(archive: files.Archive) -> None:
    """Files that rows name and signed heads of the log, where they are not there."""
    for name, content in files.beside(archive, files.BLOBS):
        if not blobs.blob_path(name).exists():
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
            "the product is running: stop `serve` and everything else that uses the database"
        ) from busy


def _save_target() -> str:
    """Back up what is there, if there is anything that can be read."""
    try:
        connection.ensure_connection()
        if "operations_backup" not in connection.introspection.table_names():
            return ""
    except DatabaseError:
        return ""
    saved = taking.take("system")
    if saved.status == Backup.Status.FAILED:
        raise BackupError(
            f"what is here now could not be backed up first: {saved.error}"
        )
    return saved.uid.hex
