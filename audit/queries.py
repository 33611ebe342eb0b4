"""Named reads of the log that pages, API, jobs and probes share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from itertools import islice

from django.core.cache import cache
from django.utils import timezone

from audit import channels, verify
from audit.domain import event, merkle, note
from audit.models import AuditEvent, Checkpoint
from kernel.paging import Page, newest_first

REMEMBER_SECONDS = 60


@dataclass(frozen=True)
class LogHead:
    """How long the log is, what its tree hashes to (hex), and its name."""

    size: int
    root: str
    origin: str


@dataclass(frozen=True)
class LogVerification(verify.Verification):
    """A verification of this log, and when it was made."""

    at: datetime = field(default_factory=timezone.now)


def head() -> LogHead:
    """The log as of now; size 0 and an empty name before its first event."""
    tree = tree_now()
    return LogHead(tree.size, tree.root().hex(), origin() or "")


def recent(limit: int, cursor: str = "") -> Page[AuditEvent]:
    """At most `limit` events, newest first."""
    events = AuditEvent.objects.all()
    return newest_first(events, field="seq", limit=limit, cursor=cursor)


def about(objects: Sequence[str], limit: int) -> list[AuditEvent]:
    """The newest events about any of these objects ("review:7")."""
    events = AuditEvent.objects.filter(object__in=list(objects)).order_by("-seq")
    return list(events[:limit])


def included(seq: int) -> bool:
    """Is this event's leaf proven to lie under the root of the log as of now?"""
    stored = list(leaves())
    row = AuditEvent.objects.filter(seq=seq).first()
    if row is None or seq >= len(stored):
        return False
    proof = merkle.inclusion_proof(seq, stored)
    leaf = merkle.leaf_hash(bytes(row.body))
    return merkle.included(leaf, seq, len(stored), proof, merkle.root(stored))


def verifier_key(origin: str) -> str:
    """The log's public key as people hand it on (C2SP vkey)."""
    return note.vkey(origin, channels.public_key())


def newest_checkpoint() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-at", "-size").first()


def check(outside: bytes | None = None) -> LogVerification:
    """Walk the whole log: bodies, chain, root, and the signed heads outside.

    Compares with the last head in CHECKPOINT_DIR and with `outside`, a checkpoint
    that somebody kept. Reads every event, about 40 µs each. Raises Unavailable
    when the log key or the record of the last head cannot be read.
    """
    # The signed head first, then the length: a log that grows meanwhile is never
    # shorter than what was signed, and later events belong to the next walk.
    name = origin() or ""
    heads, problems = _heads(name, outside)
    result = verify.verify(_rows(_size()), heads)
    problems += result.problems
    return LogVerification(
        ok=not problems, size=result.size, root=result.root, problems=problems
    )


def verification() -> LogVerification:
    """The newest `check`, at most a minute old; a new event asks for a new one."""
    size = _size()
    leaf = leaf_at(size - 1)
    key = f"audit-verified:{size}:{leaf.hex()[:16] if leaf else ''}"
    kept = cache.get(key)
    if kept is None:
        result = check()
        cache.set(
            key, {**asdict(result), "at": result.at.isoformat()}, REMEMBER_SECONDS
        )
        return result
    return LogVerification(**{**kept, "at": datetime.fromisoformat(kept["at"])})


def origin() -> str | None:
    """The log's name in checkpoints; None before its first event. Two queries."""
    first = AuditEvent.objects.filter(seq=0).values_list("body", flat=True).first()
    if first is None:
        return None
    epoch = AuditEvent.objects.filter(kind=event.RESTORED).count()
    return event.origin(event.log_of(bytes(first)), epoch)


def leaves(start: int = 0) -> Iterator[bytes]:
    """Leaf hashes from `start` on, in order."""
    rows = AuditEvent.objects.filter(seq__gte=start).order_by("seq")
    return (bytes(leaf) for leaf in rows.values_list("leaf", flat=True).iterator())


def leaf_at(seq: int) -> bytes | None:
    leaf = AuditEvent.objects.filter(seq=seq).values_list("leaf", flat=True).first()
    return None if leaf is None else bytes(leaf)


def tree_now() -> merkle.Frontier:
    """The tree of the log, from the newest checkpoint's subtrees on."""
    size = _size()
    newest = Checkpoint.objects.filter(size__lte=size).order_by("-size").first()
    start = frontier_of(newest) if newest else merkle.Frontier()
    return start.extended(leaves(start.size))


def tree_from_scratch(size: int | None = None) -> merkle.Frontier:
    """The tree over the first `size` leaves (all by default), trusting no shortcut."""
    return merkle.Frontier().extended(islice(leaves(), size))


def frontier_of(checkpoint: Checkpoint) -> merkle.Frontier:
    """The tree at a checkpoint, from its kept subtrees."""
    peaks = bytes(checkpoint.peaks)
    return merkle.Frontier(
        checkpoint.size,
        tuple(peaks[at : at + 32] for at in range(0, len(peaks), 32)),
    )


def _size() -> int:
    last = AuditEvent.objects.order_by("-seq").values_list("seq", flat=True).first()
    return 0 if last is None else last + 1


def _rows(size: int) -> Iterator[verify.StoredEvent]:
    rows = AuditEvent.objects.filter(seq__lt=size).order_by("seq")
    for row in rows.iterator(chunk_size=1000):
        yield verify.StoredEvent(
            seq=row.seq,
            body=bytes(row.body),
            leaf=bytes(row.leaf),
            kind=row.kind,
            actor=row.actor,
            object=row.object,
            at=row.at,
        )


def _heads(name: str, outside: bytes | None) -> tuple[list[note.Head], list[str]]:
    given = [] if outside is None else [outside]
    last = channels.published(name) if name else None
    if last is not None:
        given.append(last.note.encode())
    if not given:
        return [], []
    public = channels.public_key()
    heads, problems = [], []
    for signed in given:
        head, faults = verify.opened(signed, name, public)
        heads += [head] if head else []
        problems += faults
    return heads, problems
