"""What persons filed, kept as files by their SHA-256."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings

from kernel.files import write_whole

DIGEST = re.compile(r"[0-9a-f]{64}")


def blob_path(sha256: str) -> Path:
    """Where a blob lies: outside everything that is served as static."""
    return _folder() / sha256[:2] / sha256


def read(sha256: str) -> bytes | None:
    """The content, at most as large as what people may file; None where it is gone, or
    is not what was kept under this digest."""
    path = blob_path(sha256)
    content = path.read_bytes() if path.exists() else None
    if content is None or hashlib.sha256(content).hexdigest() != sha256:
        return None
    return content


def kept() -> Iterator[Path]:
    """Every blob's file, by digest."""
    paths = _folder().glob("??/*")
    return iter(sorted(path for path in paths if DIGEST.fullmatch(path.name)))


def _folder() -> Path:
    return Path(settings.STATE_DIR) / "files"


def keep(content: bytes) -> str:
    """Write by digest, atomically; the same content is kept once. One that was damaged
    is replaced: what lies under a digest is not believed unread."""
    digest = hashlib.sha256(content).hexdigest()
    path = blob_path(digest)
    if path.exists() and path.read_bytes() == content:
        return digest
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, content)
    return digest
