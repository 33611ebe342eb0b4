"""Version tags: what a page was built from, so that a poll can answer 304.

A tag is a random text per name, changed whenever what it stands for changes.
Without Redis every read is a new tag: nothing stale is ever served.
"""

from __future__ import annotations

import secrets

from django.core.cache import cache
from django.db import transaction

KEEP_SECONDS = 3600


def tag(*names: str) -> str:
    """One text that changes when any of the named things changed."""
    keys = [f"tag:{name}" for name in names]
    found = cache.get_many(keys)
    for key in keys:
        if key not in found:
            found[key] = secrets.token_hex(6)
            cache.add(key, found[key], KEEP_SECONDS)
    return "-".join(found[key] for key in keys)


def bump(*names: str) -> None:
    """Change the tags, once the surrounding transaction has committed."""

    def change() -> None:
        for name in names:
            cache.set(f"tag:{name}", secrets.token_hex(6), KEEP_SECONDS)

    transaction.on_commit(change)
