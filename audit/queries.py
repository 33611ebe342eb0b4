"""Named reads of the log that pages, API, jobs and probes share."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from audit.domain import event, merkle
from audit.models import AuditEvent, Checkpoint


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


def tree() -> merkle.Frontier:
    """The tree of the log, from the newest checkpoint's subtrees on."""
    last = AuditEvent.objects.order_by("-seq").values_list("seq", flat=True).first()
    size = 0 if last is None else last + 1
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
