"""Whose a backup is. Several installations may keep theirs in one place, and none may
list, expire or remove another's. An installation is the log that it writes and its
RRR_ENV, for a copy of the database may go on in another environment; the mark of both
stands in a backup's name, so that nobody has to open what is not theirs."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import Protocol

from django.conf import settings

from audit import queries as audit_queries

NAME = re.compile(
    r"rrr-\d{8}T\d{6}Z-(?P<uid>[0-9a-f]{32})(?:-(?P<mark>[0-9a-f]{12}))?\.tar\.gz(\.age)?"
)


class Taken(Protocol):
    """What says where it was taken: a manifest."""

    @property
    def log(self) -> str: ...

    @property
    def environment(self) -> str: ...


@dataclass(frozen=True, kw_only=True)
class KeptName:
    """`mark` is "" in the names of old backups, which say nothing of that."""

    name: str
    uid: str
    mark: str

    @classmethod
    def of(cls, name: str) -> KeptName | None:
        """None for a file that is not called like a backup."""
        match = NAME.fullmatch(name)
        if match is None:
            return None
        return cls(name=name, uid=match["uid"], mark=match["mark"] or "")


def name(uid: str, stamp: str, mark: str) -> str:
    """Of a backup that is not sealed; `stamp` is like 20260301T120000Z."""
    return f"rrr-{stamp}-{uid}{'-' if mark else ''}{mark}.tar.gz"


def mark_of(taken: Taken) -> str:
    return _mark(taken.log, taken.environment) if taken.log else ""


def own_mark() -> str:
    """ "" before our log has begun. One query."""
    log = audit_queries.log_name()
    return _mark(log, settings.RRR_ENV) if log else ""


def _mark(log: str, environment: str) -> str:
    return hashlib.sha256(f"{log} {environment}".encode()).hexdigest()[:12]
