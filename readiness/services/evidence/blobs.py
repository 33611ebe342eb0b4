"""What persons filed, kept as files by their SHA-256."""

from __future__ import annotations

import hashlib
from pathlib import Path

from django.conf import settings

from kernel.files import write_whole


def blob_path(sha256: str) -> Path:
    """Where a blob lies: outside everything that is served as static."""
    return Path(settings.STATE_DIR) / "files" / sha256[:2] / sha256


def keep(content: bytes) -> str:
    """Write by digest, atomically; the same content is kept once."""
    digest = hashlib.sha256(content).hexdigest()
    path = blob_path(digest)
    if path.exists():
        return digest
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(path, content)
    return digest
