"""Is an opened backup what was there when it was taken?"""

from __future__ import annotations

from dataclasses import dataclass

from kernel.registry import named_blobs
from operations.services.backups import engines, files
from operations.services.backups.copies import heads_marker, lost, marker


@dataclass(frozen=True, kw_only=True)
class Likeness:
    """`changes` are differences from the marker, in words; `missing` the digests of
    filed documents that rows name and the backup does not hold."""

    changes: list[str]
    missing: list[str]


def compare(archive: files.Archive) -> Likeness:
    """Open the database as a scratch one of its own and look. Raises BackupError
    where it cannot be opened, or a filed document is not what its name says."""
    with engines.engine().opened(archive.database) as alias:
        return likeness(archive, alias)


def likeness(archive: files.Archive, alias: str) -> Likeness:
    """As `compare`, where the database is open already."""
    heads = heads_marker(dict(files.beside(archive, files.CHECKPOINTS)))
    changes = lost(archive.manifest.marker, marker(alias) | heads)
    kept = {name for name, _ in files.beside(archive, files.BLOBS)}
    return Likeness(changes=changes, missing=sorted(named_blobs(alias) - kept))
