"""A backup file: a compressed tar of manifest, database, files that rows name, and
checkpoints, mode 600, sealed where there is a BACKUP_KEY.

A file with the final name is whole. The manifest inside names the
digest of the database, so that a file proves itself on an empty host too.
"""

from __future__ import annotations

import errno
import gzip
import hashlib
import io
import json
import re
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

from kernel import blobs
from operations.services.backups import ownership, sealing
from operations.services.backups.copies import BackupError
from operations.services.backups.places import OutOfRoom, refuse_no_room, scratch
from operations.services.backups.shelves import shelf

FORMAT = 1
BLOBS, CHECKPOINTS = "files", "checkpoints"
HEADS = frozenset({".json", ".note"})
DAMAGED = (OSError, EOFError, tarfile.TarError, zlib.error, KeyError)
ROOM = 3  # an opened backup, its database and what a restore writes, in its own sizes


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a backup says of itself. Times are UTC, ISO 8601; `log` is the name of the
    log that it holds and `environment` the RRR_ENV where it was taken, "" in old ones."""

    uid: str
    engine: str
    taken_at: str
    database: str
    database_sha256: str
    migrations: list[str]
    marker: dict[str, str]
    log: str = ""
    environment: str = ""
    format: int = FORMAT


FIELDS = {field.name for field in fields(Manifest)}


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


def signed_heads() -> dict[str, bytes]:
    """The signed heads of the log and the record of each, by their file's name."""
    paths = sorted(Path(settings.CHECKPOINT_DIR).glob("*"))
    return {path.name: path.read_bytes() for path in paths if path.suffix in HEADS}


def write(
    manifest: Manifest, database: Path, stamp: str, heads: Mapping[str, bytes]
) -> str:
    """Pack, seal and keep; returns the location. Until then all of it lies in a
    scratch folder, so that a crash leaves nothing that looks like a backup."""
    with scratch() as inner:
        done = inner / ownership.name(manifest.uid, stamp, ownership.mark_of(manifest))
        with done.open("wb") as file:
            _pack(manifest, database, heads, file)
        if sealing.recipient():
            done = _sealed(done)
        return shelf().put(done, done.name)


def _sealed(tar: Path) -> Path:
    sealed = tar.with_name(tar.name + sealing.SUFFIX)
    with tar.open("rb") as plain, sealed.open("wb") as file:
        sealing.seal(plain, file)
    return sealed


def _pack(
    manifest: Manifest, database: Path, heads: Mapping[str, bytes], into: BinaryIO
) -> None:
    """A filed document that is damaged here is none: it stays outside."""
    with (
        gzip.GzipFile(fileobj=into, mode="wb", compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w") as tar,
    ):
        _add_bytes(
            tar, "manifest.json", json.dumps(asdict(manifest), indent=1).encode()
        )
        tar.add(database, manifest.database)
        for path in blobs.kept():
            content = path.read_bytes()
            if hashlib.sha256(content).hexdigest() == path.name:
                _add_bytes(tar, f"{BLOBS}/{path.name}", content)
        for name, content in heads.items():
            _add_bytes(tar, f"{CHECKPOINTS}/{name}", content)


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o600
    tar.addfile(entry, io.BytesIO(content))


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """The backup in a private folder, for as long as the block runs. Raises
    BackupError when it is damaged, sealed to another key, or no backup of ours."""
    with scratch() as inner:
        refuse_no_room(f"opening {path.name}", path.stat().st_size * ROOM, inner)
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
    named = ownership.KeptName.of(path.name)
    if named and named.uid != manifest.uid:
        raise BackupError(
            f"{path.name} is another backup than its name says: {manifest.uid[:8]} "
            f"of {manifest.taken_at}"
        )


def _unsealed(path: Path, into: Path) -> Path:
    if not sealing.is_sealed(path):
        return path
    refuse_no_room(f"opening {path.name}", path.stat().st_size * ROOM, into)
    tar = into / path.stem
    sealing.unseal(path, tar)
    return tar


def _manifest(tar: Path) -> Manifest:
    try:
        with tarfile.open(tar, "r:gz") as packed:
            entry = packed.extractfile("manifest.json")
            if entry is None:
                raise BackupError(f"{tar.name} is no whole backup: no manifest")
            document = json.load(entry)
        if document.get("format") != FORMAT:
            raise BackupError(
                f"{tar.name} has format {document.get('format')}, not {FORMAT}"
            )
        unknown = document.keys() - FIELDS
        if unknown:
            raise BackupError(
                f"{tar.name} says {min(unknown)!r}, which this version does not know: "
                "check out the version that took it"
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
        if getattr(error, "errno", None) == errno.ENOSPC:
            raise OutOfRoom(f"there is no room to open {tar.name}: {error}") from error
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
