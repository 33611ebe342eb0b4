"""Whether `watch` lives, as far as a lock tells: without the database."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from django.conf import settings

from kernel import locks


def _file() -> Path:
    return Path(settings.STATE_DIR) / "watch.lock"


def watching() -> AbstractContextManager[bool]:
    """Held by `watch` for as long as it lives, however it ends."""
    return locks.numbered(_file(), 0)


def watch_looks() -> bool:
    """Also while it hangs: then its rule is another's to tell."""
    return locks.is_numbered(_file(), 0)
