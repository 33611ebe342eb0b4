"""Named reads of the log that pages, API, jobs and probes share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.core import signing
from django.core.cache import cache
from django.utils import timezone

from audit import channels, verify
from audit.domain import event, merkle, note, proof
from audit.domain.event import ToldEvent
from audit.models import AuditEvent, Checkpoint
from audit.queries.following import told_by
from kernel.errors import NotFound
from kernel.paging import Page, newest_first

REMEMBER_SECONDS = 60
FOUND_SECONDS = 86_400
SALT = "audit.verification"
# One is signed every 10 minutes, and with each signature under a review.
FIRST_CHECKPOINT_WITHIN = timedelta(minutes=20)
SIGNED = "readiness.review.signed"


@dataclass(frozen=True)
class LogHead:
    """How long the log is, what its tree hashes to (hex), and its name."""

    size: int
    root: str
    origin: str


@dataclass(frozen=True)
class LogVerification(verify.Verification):
    """A verification of this log up to event `size - 1`, and when it was made. `unsure`
    says what is missing without which a changed log could look whole: then `ok` is
    false, also without any problem."""

    unsure: Sequence[str] = ()
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


def newest_at(kind: str) -> datetime | None:
    """When the newest event of this kind was written; None before the first."""
    newest = AuditEvent.objects.filter(kind=kind).order_by("-seq")
    return newest.values_list("at", flat=True).first()


def objects_of(kind: str) -> set[str]:
    """What the events of this kind are about; one query."""
    rows = AuditEvent.objects.filter(kind=kind)
    return set(rows.values_list("object", flat=True))


def newest(kind: str) -> ToldEvent | None:
    """The newest event of this kind; one query. One whose body cannot be read is told by
    its columns, without data, not intact."""
    row = AuditEvent.objects.filter(kind=kind).order_by("-seq").first()
    return told_by(row) if row else None


def logged(objects: Iterable[str], kinds: Iterable[str]) -> list[ToldEvent]:
    """The events of these kinds about any of these objects, oldest first: one query.

    One whose body cannot be read is told by its columns, without data, not intact.
    """
    rows = AuditEvent.objects.filter(
        object__in=list(objects), kind__in=list(kinds)
    ).order_by("seq")
    return [told_by(row) for row in rows]


def included(seq: int) -> bool:
    """Is this event's leaf proven to lie under the root of the log as of now?"""
    stored = list(leaves())
    row = AuditEvent.objects.filter(seq=seq).first()
    if row is None or seq >= len(stored):
        return False
    siblings = merkle.inclusion_proof(seq, stored)
    leaf = merkle.leaf_hash(bytes(row.body))
    return merkle.included(leaf, seq, len(stored), siblings, merkle.root(stored))


def proof_of(seq: int) -> bytes:
    """That event `seq` lies under a signed head, to be checked without us: the newest
    head that holds it, as a C2SP proof (https://c2sp.org/tlog-proof).

    Reads the leaves up to that head. Raises NotFound where there is no such event, or
    where no head was signed since.
    """
    head = Checkpoint.objects.filter(size__gt=seq).order_by("-at", "-size").first()
    if head is None or seq < 0 or leaf_at(seq) is None:
        raise NotFound(
            "No signed head holds such an event: one is signed every 10 minutes.",
            code="no_proof",
        )
    siblings = merkle.inclusion_proof(seq, list(islice(leaves(), head.size)))
    return proof.text(seq, siblings, bytes(head.note))


def verifier_key(origin: str) -> str:
    """The log's public key as people hand it on (C2SP vkey)."""
    return note.vkey(origin, channels.public_key())


def newest_checkpoint() -> Checkpoint | None:
    return Checkpoint.objects.order_by("-at", "-size").first()


def check(outside: bytes | None = None) -> LogVerification:
    """Walk the whole log: bodies, chain, root, every checkpoint of the database and the
    signed heads outside.

    Compares with the last head in CHECKPOINT_DIR and with `outside`, a checkpoint
    that somebody kept. Reads every event, about 40 µs each. Raises Unavailable
    when the log key or the record of the last head cannot be read.
    """
    # The signed heads first, then the length: a log that grows meanwhile is never
    # shorter than what was signed, and later events belong to the next walk.
    name = origin() or ""
    heads, problems = _heads(name, outside)
    kept, faults = _kept_heads()
    result = verify.verify(_rows(_size()), [*heads, *kept])
    problems += [*faults, *dict.fromkeys(result.problems)]
    unsure = _unsure(name, {head.origin for head in heads})
    if outside is None:
        # Also where nobody asks: `known_problems`.
        _remember(_found_key(log_name() or ""), {"problems": problems}, FOUND_SECONDS)
    return LogVerification(
        ok=not problems and not unsure,
        size=result.size,
        root=result.root,
        problems=problems,
        unsure=unsure,
    )


def verification() -> LogVerification:
    """The newest `check`, at most a minute old; a new event asks for a new one."""
    size = _size()
    leaf = leaf_at(size - 1)
    key = f"audit-verified:{size}:{leaf.hex()[:16] if leaf else ''}"
    kept = _remembered(key, REMEMBER_SECONDS)
    if kept is None:
        result = check()
        _remember(
            key, {**asdict(result), "at": result.at.isoformat()}, REMEMBER_SECONDS
        )
        return result
    return LogVerification(**{**kept, "at": datetime.fromisoformat(kept["at"])})


def known_problems(log: str) -> Sequence[str]:
    """What the newest check of the log of this name found, in whichever process, within
    a day. No query."""
    kept = _remembered(_found_key(log), FOUND_SECONDS)
    return () if kept is None else tuple(map(str, kept["problems"]))


def _found_key(log: str) -> str:
    return f"audit-found:{log}"


def _remember(key: str, value: Mapping[str, Any], seconds: int) -> None:
    """Signed with its key: whoever writes to the cache makes no broken log whole."""
    cache.set(key, signing.dumps({"of": key, **value}, salt=SALT), seconds)


def _remembered(key: str, seconds: int) -> dict[str, Any] | None:
    try:
        kept = signing.loads(cache.get(key) or "", salt=SALT, max_age=seconds)
    except signing.BadSignature:
        return None
    return kept if kept.pop("of") == key else None


def origin() -> str | None:
    """The log's name in checkpoints; None before its first event. Two queries."""
    log = log_name()
    return None if log is None else event.origin(log, _epoch())


def next_epoch() -> int:
    """The epoch that a restore begins: one in which no head has left yet. A second
    restore from before the first finds no trace of it in the database."""
    log = log_name()
    left = channels.newest_epoch(log) if log else 0
    return 1 + max(left, _epoch())


def log_name() -> str | None:
    """The log's own name, which it keeps through restores and takes along in a copy;
    None before its first event. One query."""
    first = AuditEvent.objects.filter(seq=0).values_list("body", flat=True).first()
    return None if first is None else event.log_of(bytes(first))


def _epoch() -> int:
    """As the newest restore says; the first versions only counted them."""
    restores = AuditEvent.objects.filter(kind=event.RESTORED)
    newest = restores.order_by("-seq").values_list("body", flat=True).first()
    if newest is None:
        return 0
    said = event.epoch_of(bytes(newest))
    return restores.count() if said is None else said


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


def _kept_heads() -> tuple[list[note.Head], list[str]]:
    """The heads of all checkpoint rows, and what is wrong with rows."""
    heads: list[note.Head] = []
    faults: list[str] = []
    rows = Checkpoint.objects.order_by("size").values_list(
        "origin", "size", "root", "note"
    )
    keys = channels.trusted_keys() if rows.exists() else []
    for name, size, root, signed in rows.iterator():
        head, problems = verify.opened(bytes(signed), name, keys)
        if head and (head.origin, head.size, head.root) != (name, size, bytes(root)):
            problems.append("its note says something else")
        faults += [f"the checkpoint at {size}: {problem}" for problem in problems]
        heads += [head] if head else []
    return heads, faults


def _unsure(name: str, seen: set[str]) -> list[str]:
    """Why nobody can tell whether the log was written anew: a head that was signed
    has no record outside any more, or none was ever signed although it was time.
    `seen` are the origins of which a head from outside was looked at."""
    signed = set(Checkpoint.objects.order_by().values_list("origin", flat=True))
    lost = [
        f"the record of {origin}'s last checkpoint is gone from CHECKPOINT_DIR"
        for origin in sorted(signed - seen)
        if channels.published(origin) is None
    ]
    if lost or signed or not name or name in seen:
        return lost
    due = timezone.now() - FIRST_CHECKPOINT_WITHIN
    events = AuditEvent.objects.filter(seq=0, at__lt=due)
    if events.exists() or AuditEvent.objects.filter(kind=SIGNED).exists():
        return ["there is no checkpoint of this log, neither here nor outside"]
    return []


def _heads(name: str, outside: bytes | None) -> tuple[list[note.Head], list[str]]:
    given = [] if outside is None else [outside]
    last = channels.published(name) if name else None
    if last is not None:
        given.append(last.note.encode())
    if not given:
        return [], []
    keys = channels.trusted_keys()
    heads, problems = [], []
    for signed in given:
        head, faults = verify.opened(signed, name, keys)
        heads += [head] if head else []
        problems += faults
    return heads, problems
