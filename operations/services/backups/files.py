"""A backup file: a compressed tar of manifest, database, files that rows name, and
checkpoints, mode 600, sealed where there is a BACKUP_KEY.

A file with the final name is whole. The manifest inside names the
digest of the database, so that a file proves itself on an empty host too.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from kernel import blobs
from kernel.files import name_whole
from operations.services.backups import sealing
from operations.services.backups.copies import BackupError
from operations.services.backups.places import folder, scratch

FORMAT = 1
BLOBS, CHECKPOINTS = "files", "checkpoints"
DAMAGED = (OSError, EOFError, tarfile.TarError, zlib.error, KeyError)
NAME = re.compile(r"rrr-\d{8}T\d{6}Z-([0-9a-f]{32})\.tar\.gz(\.age)?")
ROOM = 3  # an opened backup, its database and what a restore writes, in its own sizes


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a backup says of itself. Times are UTC, ISO 8601."""

    uid: str
    engine: str
    taken_at: str
    database: str
    database_sha256: str
    migrations: list[str]
    marker: dict[str, str]
    format: int = FORMAT


@dataclass(frozen=True)
class BackupFile:
    """A file of the backup directory with its manifest."""

    path: Path
    manifest: Manifest


@dataclass(frozen=True, kw_only=True)
class Archive:
    """An opened backup: the tar as it was before it was sealed, and the database,
    which is what the manifest says."""

    tar: Path
    manifest: Manifest
    database: Path


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(manifest: Manifest, database: Path, stamp: str) -> Path:
    """Pack, seal and keep; returns the final path. Until then all of it lies in a
    scratch folder, so that a crash leaves nothing that looks like a backup."""
    with scratch() as inner:
        done = inner / f"rrr-{stamp}-{manifest.uid}.tar.gz"
        with done.open("wb") as file:
            _pack(manifest, database, file)
        if sealing.recipient():
            done = _sealed(done)
        final = folder() / done.name
        name_whole(done, final)
    return final


def _sealed(tar: Path) -> Path:
    sealed = tar.with_name(tar.name + sealing.SUFFIX)
    with tar.open("rb") as plain, sealed.open("wb") as file:
        sealing.seal(plain, file)
    return sealed


def _pack(manifest: Manifest, database: Path, into: BinaryIO) -> None:
    with (
        gzip.GzipFile(fileobj=into, mode="wb", compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        _add_bytes(
            tar, "manifest.json", json.dumps(asdict(manifest), indent=1).encode()
        )
        tar.add(database, manifest.database)
        for path in blobs.kept():
            tar.add(path, f"{BLOBS}/{path.name}")
        for path in sorted(Path(settings.CHECKPOINT_DIR).glob("*")):
            tar.add(path, f"{CHECKPOINTS}/{path.name}")


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o600
    tar.addfile(entry, io.BytesIO(content))


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """The backup in a private folder, for as long as the block runs. Raises
    BackupError when it is damaged, sealed to another key, or no backup of ours."""
    with scratch() as inner:
        tar = _unsealed(path, inner)
        manifest = _manifest(tar)
        _refuse_swapped(path, manifest)
        yield Archive(
            tar=tar, manifest=manifest, database=_database(tar, manifest, inner)
        )


def read_manifest(path: Path) -> Manifest:
    """Raises BackupError when the file is no whole backup of ours, or another than
    its name says."""
    with scratch() as inner:
        manifest = _manifest(_unsealed(path, inner))
    _refuse_swapped(path, manifest)
    return manifest


def _refuse_swapped(path: Path, manifest: Manifest) -> None:
    """Sealing proves no sender: who can write here could pass an old one for a new."""
    named = NAME.fullmatch(path.name)
    if named and named[1] != manifest.uid:
        raise BackupError(
            f"{path.name} is another backup than its name says: {manifest.uid[:8]} "
            f"of {manifest.taken_at}"
        )


def _unsealed(path: Path, into: Path) -> Path:
    if not sealing.is_sealed(path):
        return path
    needed, free = path.stat().st_size * ROOM, shutil.disk_usage(into).free
    if free < needed:
        raise BackupError(
            f"opening {path.name} needs {needed / 1e6:.0f} MB in {folder()}, "
            f"where {free / 1e6:.0f} MB are free"
        )
    tar = into / path.stem
    sealing.unseal(path, tar)
    return tar


def _manifest(tar: Path) -> Manifest:
    try:
        with tarfile.open(tar, "r:gz") as packed:
            entry = packed.extractfile("manifest.json")
            assert entry is not None
            document = json.load(entry)
        if document.get("format") != FORMAT:
            raise BackupError(
                f"{tar.name} has format {document.get('format')}, not {FORMAT}"
            )
        return Manifest(**document)
    except (*DAMAGED, ValueError, TypeError) as error:
        raise BackupError(f"{tar.name} is no whole backup: {error}") from error


def _database(tar: Path, manifest: Manifest, into: Path) -> Path:
    if not re.fullmatch(r"database\.[a-z0-9]+", manifest.database):
        raise BackupError(f"{tar.name} names a strange database file")
    copied = into / manifest.database
    try:
        with tarfile.open(tar, "r:gz") as packed:
            packed.extract(manifest.database, into, filter="data")
    except DAMAGED as error:
        raise BackupError(f"{tar.name} is damaged: {error}") from error
    if digest(copied) != manifest.database_sha256:
        raise BackupError(
            f"{tar.name} is damaged: the database is not what the manifest says"
        )
    copied.chmod(0o600)
    return copied


def beside(archive: Archive, folder: str) -> Iterator[tuple[str, bytes]]:
    """(name, content) of what the backup holds in BLOBS or CHECKPOINTS, one at a
    time. Raises BackupError for a damaged file, and for a blob that is not what its
    name says."""
    path = archive.tar
    try:
        with tarfile.open(path, "r|gz") as tar:
            for entry in tar:
                where, _, name = entry.name.rpartition("/")
                packed = tar.extractfile(entry) if where == folder else None
                if packed is not None:
                    yield name, _blob(path, name, packed.read(), folder)
    except DAMAGED as error:
        raise BackupError(f"{path.name} is damaged: {error}") from error


def _blob(path: Path, name: str, content: bytes, folder: str) -> bytes:
    if folder == BLOBS and hashlib.sha256(content).hexdigest() != name:
        raise BackupError(f"{path.name} is damaged: its file {name[:12]} is another")
    return content


def _named() -> dict[Path, str]:
    """The files of the directory that are called like backups, newest first, with
    the id in their name."""
    matches = {path: NAME.fullmatch(path.name) for path in folder().glob("rrr-*")}
    return {
        path: match[1] for path, match in sorted(matches.items(), reverse=True) if match
    }


def whole() -> Iterator[BackupFile]:
    """The backups of the directory, newest first; those that cannot be opened, for
    damage or another key, are left out."""
    for path in _named():
        with suppress(BackupError):
            yield BackupFile(path, read_manifest(path))


def remove(uid: str) -> None:
    """The file of this backup goes, where there is one."""
    for path, named in _named().items():
        if named == uid:
            path.unlink(missing_ok=True)


def find(name: str) -> Path:
    """A file by path or by (the beginning of) its id. Raises BackupError."""
    path = Path(name)
    if path.is_file():
        return path.resolve()
    beginning = name.replace("-", "").lower()
    paths = [
        path
        for path, uid in _named().items()
        if beginning and uid.startswith(beginning)
    ]
    if len(paths) != 1:
        how = f"{len(paths)} backups" if paths else "no backup"
        raise BackupError(f"{how} called {name!r} in {folder()}")
    return paths[0]
