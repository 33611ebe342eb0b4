"""Where finished backups are kept: a folder (BACKUP_URL is a path), or a bucket of S3
(s3://bucket/prefix). A backup's `location` is its path or its s3:// address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from django.conf import settings

from kernel.files import name_whole
from operations.services.backups.copies import BackupError
from operations.services.backups.places import IN_A_BUCKET, folder

OWN_MODE = 0o700


class Away(BackupError):
    """The whole place cannot be reached, which says nothing of what lies there."""


class Shelf(Protocol):
    """One place. Each raises Away while it is away, FileNotFoundError for a backup
    that is not there although the place is."""

    def refuse_absent(self) -> None:
        """Before a backup is made for it."""
        ...

    def names(self) -> list[str]:
        """Of all files that lie there and are called like backups."""
        ...

    def location(self, name: str) -> str: ...

    def put(self, draft: Path, name: str) -> str:
        """Keep a finished file, which may be gone afterwards; returns its location."""
        ...

    def fetched(self, name: str) -> AbstractContextManager[Path]:
        """The file here, called as there, while the block runs."""
        ...

    def size(self, name: str) -> int:
        """In bytes."""
        ...

    def remove(self, name: str) -> None: ...


class Folder:
    """Of this host, or mounted on it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def refuse_absent(self) -> None:
        """One in our state directory is made. Another was made by whoever named it: if
        it is not there, what it lies on is not, and a new one would fill our disk."""
        if self.path.resolve().is_relative_to(Path(settings.STATE_DIR).resolve()):
            self.path.mkdir(parents=True, exist_ok=True, mode=OWN_MODE)
        elif not self.path.is_dir():
            raise Away(
                f"{self.path}, where backups are kept, is not there: mount what it lies "
                "on, or make the folder if it is a new one"
            )

    def names(self) -> list[str]:
        self.refuse_absent()
        return [path.name for path in self.path.glob("rrr-*")]

    def location(self, name: str) -> str:
        return str(self.path / name)

    def put(self, draft: Path, name: str) -> str:
        self.refuse_absent()
        name_whole(draft, self.path / name)
        return self.location(name)

    @contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        self.refuse_absent()
        yield self.path / name

    def size(self, name: str) -> int:
        self.refuse_absent()
        return (self.path / name).stat().st_size

    def remove(self, name: str) -> None:
        self.refuse_absent()
        (self.path / name).unlink()


def shelf() -> Shelf:
    """The one of BACKUP_URL."""
    if settings.BACKUP_URL.startswith(IN_A_BUCKET):
        return _bucket(settings.BACKUP_URL)
    return Folder(folder())


def _bucket(url: str) -> Shelf:
    # Who keeps backups in a folder does not wait for S3's client to load.
    from operations.services.backups.buckets import Bucket

    return Bucket(url)


def of(location: str) -> tuple[Shelf, str]:
    """The place of a location, and the name there."""
    where, _, name = location.rpartition("/")
    if location.startswith(IN_A_BUCKET):
        return _bucket(where), name
    path = Path(location)
    return Folder(path.parent), path.name


def is_here(location: str) -> bool:
    """Does it lie where our backups do? A restored one may lie on somebody's stick."""
    if location.startswith(IN_A_BUCKET) or settings.BACKUP_URL.startswith(IN_A_BUCKET):
        return location.rpartition("/")[0] == settings.BACKUP_URL.rstrip("/")
    return Path(location).parent.resolve() == folder().resolve()


def fetched(location: str) -> AbstractContextManager[Path]:
    """The file of a location here, while the block runs."""
    place, name = of(location)
    return place.fetched(name)


def size(location: str) -> int:
    place, name = of(location)
    return place.size(name)
