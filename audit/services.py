"""Writing the log: appending events, signing checkpoints."""

from __future__ import annotations

from collections.abc import Mapping
from secrets import token_hex
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone

from audit import channels, queries
from audit.domain import event, merkle, note
from audit.models import AuditEvent, Checkpoint
from kernel.errors import Unavailable

LOCK = 7_305_801_264_417_093_221  # any number: the advisory lock of this log


class AppendRefused(RuntimeError):
    """The caller's transaction could break the chain: a fault of our code."""


def append(
    kind: str, *, actor: str, object: str, data: Mapping[str, Any]
) -> AuditEvent:
    """Add one event, last in the business transaction it tells of.

    It exists if and only if that transaction commits. `kind` is
    `app.noun.past-verb`, `actor` is `user.actor`, "j:<job>" or "system", `object`
    "<noun>:<id>", numbers in `data` are text. From here to the commit no other
    process can append: do nothing slow afterwards.

    Raises AppendRefused outside a transaction or under an isolation level that
    could break the chain, ValueError for names or data that cannot be signed.
    """
    _hold_the_log()
    last = _last() or _start()
    return _write(last.seq + 1, bytes(last.leaf), kind, actor, object, data)


def begin() -> str:
    """The log's own name; without its first event it has none, so that is written then.

    Raises AppendRefused like `append`.
    """
    _hold_the_log()
    if _last() is None:
        _start()
    name = queries.log_name()
    assert name is not None
    return name


def checkpoint() -> Checkpoint:
    """Sign the log's head as of now; it leaves for CHECKPOINT_DIR after the commit.

    Returns the one that exists when nothing was appended since. Raises
    AppendRefused like `append`, Unavailable when the log does not continue what
    was signed before, or the log key cannot be used.
    """
    _hold_the_log()
    last = _last() or _start()
    origin = queries.origin()
    assert origin is not None
    made = Checkpoint.objects.filter(origin=origin, size=last.seq + 1).first()
    if made is None:
        made = _sign(origin, _continued(origin))
    _publish_on_commit(made, bytes(last.leaf))
    return made


def rotate_key() -> str:
    """Give the log a new key, under which its next heads are signed; the old one signs a
    last head, with the event that says so, and is believed of nothing beyond it. The
    new verifier key, for whoever checks the log elsewhere.

    Raises as `checkpoint`.
    """
    rotated = append("audit.key.rotated", actor="system", object="log", data={})
    made = checkpoint()
    channels.replace_key(most=rotated.seq + 1)
    return queries.verifier_key(made.origin)


def _hold_the_log() -> None:
    connection = transaction.get_connection()
    if not connection.in_atomic_block:
        raise AppendRefused("append to the log inside transaction.atomic()")
    if connection.vendor == "postgresql":
        _hold_postgresql(connection)
    elif getattr(connection, "transaction_mode", None) not in {
        "IMMEDIATE",
        "EXCLUSIVE",
    }:
        raise AppendRefused(
            "the log needs transaction_mode IMMEDIATE on SQLite: a deferred one "
            "reads a head that another process may outrun"
        )


def _hold_postgresql(connection: BaseDatabaseWrapper) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT current_setting('transaction_isolation'), pg_advisory_xact_lock(%s)",
            [LOCK],
        )
        isolation = cursor.fetchone()[0]
    if isolation != "read committed":
        raise AppendRefused(
            f"the log works under READ COMMITTED only, not under {isolation.upper()}: "
            "an older snapshot does not see the last event"
        )


def _last() -> AuditEvent | None:
    return AuditEvent.objects.order_by("-seq").only("seq", "leaf").first()


def _start() -> AuditEvent:
    """Event 0 names the log at random: two logs are never taken for one."""
    return _write(
        0, event.NO_LEAF, event.STARTED, "system", "log", {"log": token_hex(16)}
    )


def _write(
    seq: int, prev: bytes, kind: str, actor: str, object: str, data: Mapping[str, Any]
) -> AuditEvent:
    # The clock is read with the lock held: before it, order and times could cross.
    at = timezone.now()
    body = event.body(
        seq=seq, prev=prev, at=at, kind=kind, actor=actor, object=object, data=data
    )
    return AuditEvent.objects.create(
        seq=seq,
        body=body,
        leaf=merkle.leaf_hash(body),
        kind=kind,
        actor=actor,
        object=object,
        at=at,
    )


def _continued(origin: str) -> merkle.Frontier:
    """The tree of the log, if it continues the last head that left.

    Costs the events since then; the whole log only when the checkpoint's row is
    gone. Raises Unavailable when an event that was signed has changed.
    """
    last = channels.published(origin)
    if last is None:
        return queries.tree_from_scratch()
    row = Checkpoint.objects.filter(origin=origin, size=last.size).first()
    tree = queries.frontier_of(row) if row else queries.tree_from_scratch(last.size)
    leaf = queries.leaf_at(last.size - 1)
    if tree.root().hex() != last.root or leaf is None or leaf.hex() != last.leaf:
        raise Unavailable(
            f"The audit log no longer holds what was signed at size {last.size}; "
            "nothing more is signed. Run `manage.py verify_log`.",
            code="log_inconsistent",
        )
    return tree.extended(queries.leaves(last.size))


def _sign(origin: str, tree: merkle.Frontier) -> Checkpoint:
    head = note.Head(origin, tree.size, tree.root())
    return Checkpoint.objects.create(
        origin=origin,
        size=head.size,
        root=head.root,
        peaks=b"".join(tree.peaks),
        note=note.signed(head, channels.log_key()),
        at=timezone.now(),
    )


def _publish_on_commit(made: Checkpoint, leaf: bytes) -> None:
    head = published_head(made, leaf)
    transaction.on_commit(lambda: channels.publish(head))


def published_head(made: Checkpoint, leaf: bytes) -> channels.PublishedHead:
    """A checkpoint as its record outside."""
    return channels.PublishedHead(
        origin=made.origin,
        size=made.size,
        root=bytes(made.root).hex(),
        leaf=leaf.hex(),
        note=bytes(made.note).decode(),
    )
