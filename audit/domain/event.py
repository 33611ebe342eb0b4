"""What one event of the log is: its exact body and what may stand in it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from audit.domain import merkle
from audit.domain.canonical import jcs, stamp

NO_LEAF = bytes(32)
STARTED = "audit.log.started"
RESTORED = "operations.backup.restored"
FIELDS = {"v", "seq", "prev", "at", "kind", "actor", "object", "data"}
KIND = re.compile(r"[a-z]+(\.[a-z][a-z0-9_-]*){2}")
ACTOR = re.compile(r"[ps]:\d+|j:[a-z0-9_.-]+|system")
OBJECT = re.compile(r"log|[a-z][a-z0-9_-]*:\S+")


@dataclass(frozen=True)
class ToldEvent:
    """An event as its body tells it, not its columns; `intact` while the body hashes
    to its leaf. Whether the log is whole is `verification`'s word."""

    seq: int
    kind: str
    actor: str
    object: str
    data: Mapping[str, Any]
    intact: bool
    at: datetime


def told(seq: int, body: bytes, leaf: bytes) -> ToldEvent:
    """The stored event `seq`. Raises ValueError for a body that cannot be read."""
    try:
        said = json.loads(body)
        return ToldEvent(
            seq=seq,
            kind=said["kind"],
            actor=said["actor"],
            object=said["object"],
            data=dict(said["data"]),
            intact=merkle.leaf_hash(body) == leaf and said["seq"] == str(seq),
            at=datetime.fromisoformat(said["at"]).astimezone(UTC),
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"event {seq} is written otherwise than events are") from error


def body(
    *,
    seq: int,
    prev: bytes,
    at: datetime,
    kind: str,
    actor: str,
    object: str,
    data: Mapping[str, Any],
) -> bytes:
    """The event's JCS bytes; `prev` is the leaf before it, 32 zero bytes at first.

    Raises ValueError for a kind, actor or object that is not named as
    `app.noun.past-verb`, `p:7` / `s:7` / `j:job` / `system`, `noun:id`.
    """
    for name, given, shape in (
        ("kind", kind, KIND),
        ("actor", actor, ACTOR),
        ("object", object, OBJECT),
    ):
        if not shape.fullmatch(given):
            raise ValueError(f"{given!r} is no {name} of an event")
    return jcs(
        {
            "v": "1",
            "seq": str(seq),
            "prev": prev.hex(),
            "at": stamp(at),
            "kind": kind,
            "actor": actor,
            "object": object,
            "data": dict(data),
        }
    )


def origin(log: str, epoch: int) -> str:
    """The log's name in checkpoints; the epoch grows with each restore."""
    return f"rrr-dashboard/{log}" + (f"/{epoch}" if epoch else "")


def epoch_of(restored: bytes) -> int | None:
    """The epoch that a restored event began; None for one that does not say, or is
    no event any more."""
    try:
        return int(json.loads(restored)["data"]["epoch"])
    except (ValueError, KeyError, TypeError):
        return None


def log_of(first: bytes) -> str:
    """The log's own name, from the body of event 0."""
    return str(json.loads(first)["data"]["log"])
