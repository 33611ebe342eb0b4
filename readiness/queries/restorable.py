"""Signatures that would hold again if a line were as they hold it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit import queries as audit
from kernel.registry import actor_names
from readiness.domain.logged import CLAIMED, FILLED, RESTORED, UNCLAIMED
from readiness.domain.restoring import Change, SignedLine, signed_line, why_not
from readiness.queries.board import Board, BoardRow
from readiness.queries.reviews import object_of
from readiness.queries.signatures import Signature, signed_claims


@dataclass(frozen=True)
class Restorable:
    """A void signature that holds the line otherwise than it is; `why_not` says why
    this person may not bring it back, "" where they may."""

    signature: Signature
    line: SignedLine
    why_not: str


def today(row: BoardRow) -> SignedLine:
    """The line as it would be signed now."""
    texts = {
        field.label: str(row.claim.values.get(field.label, "")).strip()
        for field in row.shape.fields
    }
    filled = {label: text for label, text in texts.items() if text}
    return SignedLine(row.claim.claimed, row.claimed_by, filled)


def restorable(
    board: Board, row: BoardRow, signed: Sequence[Signature], person: str
) -> list[Restorable]:
    """Of the review's signatures, newest first. One query where there are some."""
    held = []
    change: Change | None = None
    for signature in reversed(signed):
        if signature.faults or row.key not in {each.key for each in signature.void}:
            continue
        line = signed_line(signed_claims(signature.signoff), row.key)
        if line is None or line == today(row):
            continue
        change = change or last_change(board, row)
        held.append(Restorable(signature, line, why_not(person, line, change)))
    return held


def last_change(board: Board, row: BoardRow) -> Change:
    """By the log's word, for who may bring a line back follows from it; an event that
    was edited says nothing, and then whom the signature names may alone."""
    kinds = (CLAIMED, UNCLAIMED, FILLED, RESTORED)
    events = [
        event
        for event in audit.logged([object_of(board.review)], kinds)
        if str(event.data.get("item")) == str(row.id)
    ]
    if not all(event.intact for event in events) or not events:
        return Change("", withdrew=False)
    names = actor_names({event.actor for event in events})
    last, claimant = events[-1], ""
    for event in events[:-1]:
        claimant = _claimant(event.kind, event.data, event.actor, names, claimant)
    by = names.get(last.actor, last.actor)
    return Change(by, withdrew=last.kind == UNCLAIMED and by == claimant)


def _claimant(
    kind: str,
    told: Mapping[str, object],
    actor: str,
    names: Mapping[str, str],
    before: str,
) -> str:
    """Whose claim the line holds after an event."""
    if kind == CLAIMED:
        return names.get(actor, actor)
    if kind == UNCLAIMED:
        return ""
    if kind == RESTORED:
        return str(told.get("by") or "") if told.get("done") is True else ""
    return before
