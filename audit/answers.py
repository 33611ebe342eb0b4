"""What clients are told of the log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from audit.models import AuditEvent, Checkpoint
from audit.queries import LogVerification, verifier_key
from kernel.registry import actor_names
from kernel.schema import Answer


@dataclass(frozen=True, kw_only=True)
class Event(Answer):
    """One entry of the log."""

    seq: int
    at: datetime
    kind: str
    actor: Annotated[str, "p:7 person, s:7 service, j:job, system"]
    actor_name: str | None
    object: str
    body: Annotated[str, "the exact canonical JSON that is hashed"]
    leaf: Annotated[str, "SHA-256(0x00 || body), hex"]

    @classmethod
    def of(cls, row: AuditEvent, names: Mapping[str, str]) -> Event:
        return cls(
            seq=row.seq,
            at=row.at,
            kind=row.kind,
            actor=row.actor,
            actor_name=names.get(row.actor),
            object=row.object,
            body=row.text,
            leaf=bytes(row.leaf).hex(),
        )


def told(rows: Sequence[AuditEvent]) -> list[Event]:
    """With the names of their actors: a query of accounts."""
    names = actor_names({row.actor for row in rows})
    return [Event.of(row, names) for row in rows]


@dataclass(frozen=True, kw_only=True)
class EventList(Answer):
    events: list[Event]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class LogCheck(Answer):
    """Whether the log still holds up to event `size - 1`, and what does not. `unsure`
    names records outside that are gone: without them nobody can tell, and `ok` is
    false."""

    ok: bool
    size: int
    root: str
    problems: Sequence[str]
    unsure: Sequence[str]
    at: datetime

    @property
    def told_at(self) -> datetime:
        return self.at

    @classmethod
    def of(cls, result: LogVerification) -> LogCheck:
        return cls(
            ok=result.ok,
            size=result.size,
            root=result.root,
            problems=result.problems,
            unsure=result.unsure,
            at=result.at,
        )


@dataclass(frozen=True, kw_only=True)
class SignedHead(Answer):
    """The newest checkpoint, for witnesses outside."""

    origin: str
    size: int
    root: str
    note: Annotated[str, "the signed C2SP note, exactly"]
    vkey: Annotated[str, "compare with the one you were given"]
    at: datetime

    @classmethod
    def of(cls, row: Checkpoint) -> SignedHead:
        return cls(
            origin=row.origin,
            size=row.size,
            root=bytes(row.root).hex(),
            note=bytes(row.note).decode(),
            vkey=verifier_key(row.origin),
            at=row.at,
        )
