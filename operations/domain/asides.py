"""What a restore moves out of its way, and how it is called. Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

MOST_BYTES = 63  # of a name, in PostgreSQL; it cuts a longer one off in silence
STAMP = "%Y%m%dT%H%M%SZ"
STAMPED = re.compile(r"\d{8}t\d{6}z")


@dataclass(frozen=True, kw_only=True)
class Aside:
    """It stays until somebody drops it, who has `command` for that. `name` is that of
    a database, or a path; `bytes` None where the server does not say."""

    name: str
    bytes: int | None
    command: str

    @property
    def size(self) -> str:
        return "size unknown" if self.bytes is None else f"{self.bytes / 1e6:.1f} MB"


def database_beside(name: str, at: datetime) -> str:
    """What the database `name` is called once it was moved aside."""
    stamp = at.astimezone(UTC).strftime(STAMP).lower()
    return f"{beginning_beside(name)}{stamp}"


def beginning_beside(name: str) -> str:
    """Of every name that `database_beside` makes of this one. A long name is cut, and
    has a digest of the whole instead, so that no other database's begin alike."""
    ending = "_before_"
    room = MOST_BYTES - len(ending) - len("20260301t120000z")
    if len(name.encode()) > room:
        digest = "_" + hashlib.sha256(name.encode()).hexdigest()[:8]
        cut = name.encode()[: room - len(digest)]
        name = cut.decode(errors="ignore") + digest
    return name + ending


def is_beside(name: str, other: str) -> bool:
    """Was `other` called `name` before it was moved aside?"""
    beginning = beginning_beside(name)
    return other.startswith(beginning) and bool(
        STAMPED.fullmatch(other.removeprefix(beginning))
    )
