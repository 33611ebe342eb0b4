"""A backup file: a compressed tar of manifest, database, files that rows name, and
checkpoints, mode 600.

A file with the final name is whole (kernel.files). The manifest inside names the
digest of the database, so that a file proves itself on an empty host too.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

from kernel import blobs
from kernel.files import replacing
from operations.services.backups.copies import BackupError

FORMAT = 1
BLOBS, CHECKPOINTS = "files", "checkpoints"
DAMAGED = (OSError, EOFError, tarfile.TarError, zlib.error, KeyError)
NAME = re.compile(r"rrr-\d{8}T\d{6}Z-([0-9a-f]{32})\.tar\.gz")


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


def folder() -> Path:
    return Path(settings.BACKUP_URL.removeprefix("file://"))


@contextmanager
def scratch() -> Iterator[Path]:
    """A private folder beside the backups (the same disk), removed afterwards."""
    folder().mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=folder()) as name:
        yield Path(name)


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def write(manifest: Manifest, database: Path, stamp: str) -> Path:
    """Pack and keep; returns the final path."""
    final = folder() / f"rrr-{stamp}-{manifest.uid}.tar.gz"
    with (
        replacing(final) as raw,
        gzip.GzipFile(fileobj=raw, mode="wb", compresslevel=6) as packed,
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
    return final


def _add_bytes(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o600
    tar.addfile(entry, io.BytesIO(content))


def read_manifest(path: Path) -> Manifest:
    """Raises BackupError when the file is no whole backup of ours."""
    try:
        with tarfile.open(path, "r:gz") as tar:
            entry = tar.extractfile("manifest.json")
            assert entry is not None
            document = json.load(entry)
        if document.get("format") != FORMAT:
            raise BackupError(
                f"{path.name} has format {document.get('format')}, not {FORMAT}"
            )
        return Manifest(**document)
    except (*DAMAGED, ValueError, TypeError) as error:
        raise BackupError(f"{path.name} is no whole backup: {error}") from error


def unpack(path: Path, into: Path) -> tuple[Manifest, Path]:
    """The manifest and the database file, whose digest was compared."""
    manifest = read_manifest(path)
    if not re.fullmatch(r"database\.[a-z0-9]+", manifest.database):
        raise BackupError(f"{path.name} names a strange database file")
    copied = into / manifest.database
    try:
        with tarfile.open(path, "r:gz") as tar:
            tar.extract(manifest.database, into, filter="data")
    except DAMAGED as error:
        raise BackupError(f"{path.name} is damaged: {error}") from error
    if digest(copied) != manifest.database_sha256:
        raise BackupError(
            f"{path.name} is damaged: the database is not what the manifest says"
        )
    copied.chmod(0o600)
    return manifest, copied


def beside(path: Path, folder: str) -> Iterator[tuple[str, bytes]]:
    """(name, content) of what the backup holds in BLOBS or CHECKPOINTS, one at a
    time. Raises BackupError for a damaged file, and for a blob that is not what its
    name says."""
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


def whole() -> Iterator[BackupFile]:
    """The backups of the directory, newest first; damaged ones are left out."""
    for path in sorted(folder().glob("rrr-*.tar.gz"), reverse=True):
        if NAME.fullmatch(path.name):
            with suppress(BackupError):
                yield BackupFile(path, read_manifest(path))


def find(name: str) -> Path:
    """A file by path or by (the beginning of) its id. Raises BackupError."""
    path = Path(name)
    if path.is_file():
        return path
    beginning = name.replace("-", "").lower()
    paths = [
        file.path
        for file in whole()
        if beginning and file.manifest.uid.startswith(beginning)
    ]
    if len(paths) != 1:
        how = f"{len(paths)} backups" if paths else "no backup"
        raise BackupError(f"{how} called {name!r} in {folder()}")
    return paths[0]
