"""The backups that are kept: what lies there, whose it is, and where one is."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError

from operations.services.backups import ownership, sealing
from operations.services.backups.copies import BackupError
from operations.services.backups.files import Manifest, digest, read_manifest
from operations.services.backups.ownership import KeptName, own_mark
from operations.services.backups.places import OutOfRoom, scratch
from operations.services.backups.shelves import Away, fetched, is_here, shelf


@dataclass(frozen=True, kw_only=True)
class BackupFile:
    """A kept file with its manifest."""

    location: str
    manifest: Manifest
    bytes: int
    sha256: str
    modified: datetime
    is_sealed: bool


def names() -> list[KeptName]:
    """Of all that lies there and is called like a backup, whose ever it is, newest
    first. Raises Away."""
    known = (KeptName.of(name) for name in sorted(shelf().names(), reverse=True))
    return [name for name in known if name]


def own_names() -> list[KeptName]:
    """An old one without a mark counts as ours until its manifest says otherwise."""
    ours = {"", own_mark()}
    return [name for name in names() if name.mark in ours]


def of_others() -> str:
    """How many lie there that are not ours, in a sentence; "" for none. Raises Away."""
    ours = {"", own_mark()}
    others = sum(name.mark not in ours for name in names())
    if not others:
        return ""
    also = f"{others} backups" if others > 1 else "1 backup"
    return f"{also} of other installations there: left alone"


def is_ours(location: str) -> bool:
    """Does it lie among our backups and is it ours? Else nobody here may remove it."""
    return is_here(location) and not is_of_others(location)


def is_of_others(location: str) -> bool:
    """Does its name say that another installation keeps it?"""
    name = KeptName.of(location.rpartition("/")[2])
    return name is not None and name.mark not in {"", own_mark()}


def whole(*, but: Collection[str] = ()) -> Iterator[BackupFile]:
    """Our kept backups, newest first, but those with these ids; what cannot be opened,
    for damage or another key, is left out. Raises Away, and OutOfRoom where the disk, not
    the backup, is at fault."""
    for name in own_names():
        if name.uid in but:
            continue
        try:
            yield read(shelf().location(name.name))
        except (Away, OutOfRoom):
            raise
        except (BackupError, FileNotFoundError):
            continue


def read(location: str) -> BackupFile:
    """Raises BackupError when it is no whole backup of ours."""
    with fetched(location) as path:
        return described(location, path, read_manifest(path))


def described(location: str, path: Path, manifest: Manifest) -> BackupFile:
    """`path` is where the file of that location is now."""
    about = path.stat()
    return BackupFile(
        location=location,
        manifest=manifest,
        bytes=about.st_size,
        sha256=digest(path),
        modified=datetime.fromtimestamp(about.st_mtime, UTC),
        is_sealed=sealing.is_sealed(path),
    )


def bring_in(location: str) -> str:
    """Keep a copy of a backup that lies elsewhere, or is another installation's, under
    the name that ours have; returns its location. Raises BackupError and OSError."""
    with fetched(location) as path, scratch() as inner:
        manifest = read_manifest(path)
        taken = datetime.fromisoformat(manifest.taken_at).astimezone(UTC)
        name = ownership.name(manifest.uid, f"{taken:%Y%m%dT%H%M%SZ}", own_mark())
        if sealing.is_sealed(path):
            name += sealing.SUFFIX
        if name in shelf().names():
            return shelf().location(name)
        shutil.copyfile(path, inner / name)
        return shelf().put(inner / name, name)


def remove(uid: str, mark: str) -> None:
    """The file of this backup goes, unless it is another installation's than `mark`."""
    for name in names():
        if name.uid == uid and name.mark in {"", mark}:
            with suppress(FileNotFoundError):
                shelf().remove(name.name)


def find(name: str) -> str:
    """The location of a backup, by path or by (the beginning of) its id; another
    installation's is found where none of ours is called so. Raises BackupError."""
    path = Path(name)
    if path.is_file():
        return str(path.resolve())
    beginning = name.replace("-", "").lower()
    called = [kept for kept in names() if beginning and kept.uid.startswith(beginning)]
    ours = {"", _own_mark_if_any()}
    called = [kept for kept in called if kept.mark in ours] or called
    if len(called) != 1:
        how = f"{len(called)} backups" if called else "no backup"
        raise BackupError(f"{how} called {name!r} in {settings.BACKUP_URL}")
    return shelf().location(called[0].name)


def _own_mark_if_any() -> str:
    """ "" on an empty host, and where the database is what is to be restored."""
    try:
        return own_mark()
    except DatabaseError:
        return ""
