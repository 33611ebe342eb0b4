"""Version tags: what a page was built from, so that a poll can answer 304.

Where one host serves, a tag follows from the stamps of what it names (`kernel.versions`):
no server is asked, and it stays for as long as nothing changes. Several hosts keep a
random text per name in Redis, changed whenever what it stands for changes. Without
Redis every read there is a new tag; a change that Redis did not take is owed: it is made
up for at the next read, and tags live for a minute only, so that another process is not
stale for longer.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence

from django.conf import settings
from django.core.cache import cache
from django.db import transaction

from kernel import versions
from kernel.limits.shared import LimitsBusy, boot

KEEP_SECONDS = 60
_owed: set[str] = set()


def tag(*names: str) -> str:
    """One text that changes when any of the named things changed."""
    return _of_stamps(names) if settings.RATE_LIMIT_HOSTS == 1 else _of_redis(names)


def _of_stamps(names: Sequence[str]) -> str:
    places = [versions.place_of(name) for name in names]
    try:
        state = (boot(), names, versions.stamps().at(places))
    except (LimitsBusy, OSError):
        return secrets.token_hex(6)
    return hashlib.blake2b(repr(state).encode(), digest_size=12).hexdigest()


def _of_redis(names: Sequence[str]) -> str:
    for name in _owed & set(names):
        _change(name)
    keys = [f"tag:{name}" for name in names]
    tags = cache.get_many(keys)
    for key in keys:
        if key not in tags:
            tags[key] = secrets.token_hex(6)
            cache.add(key, tags[key], KEEP_SECONDS)
    return "-".join(tags[key] for key in keys)


def bump(*names: str) -> None:
    """Change the tags and the stamps of these, once the surrounding transaction has
    committed."""

    def change() -> None:
        versions.changed(*names)
        if settings.RATE_LIMIT_HOSTS > 1:
            for name in names:
                _change(name)

    transaction.on_commit(change)


def _change(name: str) -> None:
    # django-redis says whether Redis took it; the stubs know only Django's caches.
    taken: object = cache.set(  # type: ignore[func-returns-value]
        f"tag:{name}", secrets.token_hex(6), KEEP_SECONDS
    )
    if taken:
        _owed.discard(name)
    else:
        _owed.add(name)
