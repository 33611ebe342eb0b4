"""How far a review's sign-off is: each role of the frozen policy, and all together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from kernel.display import plural
from readiness.domain import statements
from readiness.domain.envelopes import SignedEvent
from readiness.domain.reviews import ReviewState, review_state
from readiness.domain.tally import Meter
from readiness.queries.board import Board
from readiness.queries.claims import FrozenRule
from readiness.queries.signatures import (
    ReviewSignatures,
    Signature,
    complete,
    filled,
    groups_before,
    signatures,
    signatures_of,
)


class PlaceState(StrEnum):
    """How a role's place in the sign-off stands; the values are words for people."""

    SIGNED = "Signed"
    REJECTED = "Rejected"
    VOID = "Void"
    MISSING = "Missing"
    OPEN = "To sign"
    LOCKED = "Locked"


@dataclass(frozen=True, kw_only=True)
class SignoffPlace:
    """One role of the policy; `last` is the signature that its state speaks of."""

    role: str
    group: str
    sections: int
    state: PlaceState
    last: Signature | None = None

    @property
    def note(self) -> str:
        """Who signed, why it is void, or what there is to sign."""
        if self.state is PlaceState.LOCKED:
            return "opens after the technical roles"
        if self.state is PlaceState.MISSING:
            return "the log tells of a signature whose row is gone"
        if self.last is None:
            return plural(self.sections, "section")
        if self.state is PlaceState.VOID:
            return _why_void(self.last)
        signed = self.last.signed
        return (
            f"{signed.name} ({signed.handle}) · {signed.meaning} · "
            f"{signed.signed_at:%-d %b %Y, %H:%M} UTC"
        )


@dataclass(frozen=True, kw_only=True)
class SignoffProgress:
    """`complete`: every role has its valid signatures, none of them a rejection and
    none missing; `signed` are all of them, oldest first; `missing` those of which
    only the log tells."""

    signed: Sequence[Signature]
    missing: Sequence[SignedEvent]
    places: Sequence[SignoffPlace]
    signatures: Meter
    complete: bool = False
    rejected: bool = False


def state_of(board: Board, progress: SignoffProgress) -> ReviewState:
    """What the review is today."""
    return review_state(
        board.state,
        ready=board.verdict.ready,
        complete=progress.complete,
        rejected=progress.rejected,
    )


def progress(board: Board) -> SignoffProgress:
    """The frozen policy's roles in their order, and how each stands: two or three queries."""
    return _progress(board, signatures(board))


def progress_of(boards: Sequence[Board]) -> dict[int, SignoffProgress]:
    """That of several reviews by the review's id, in as many queries."""
    signed = signatures_of(boards)
    return {
        board.review.pk: _progress(board, signed[board.review.pk]) for board in boards
    }


def _progress(board: Board, stored: ReviewSignatures) -> SignoffProgress:
    policy = board.review.policy
    signed = stored.signed
    rejected = any(signature.valid and not signature.counts for signature in signed)
    valid = sum(min(filled(rule, signed), int(rule["minimum"])) for rule in policy)
    required = sum(int(rule["minimum"]) for rule in policy)
    return SignoffProgress(
        signed=signed,
        missing=stored.missing,
        places=[_place(policy, rule, stored) for rule in policy],
        signatures=Meter(valid, required),
        # A signature that is gone may have been a rejection.
        complete=bool(policy)
        and valid == required
        and not rejected
        and not stored.missing,
        rejected=rejected,
    )


def _place(
    policy: Sequence[FrozenRule], rule: FrozenRule, stored: ReviewSignatures
) -> SignoffPlace:
    state, last = _standing(policy, rule, stored)
    return SignoffPlace(
        role=rule["role"],
        group=rule["group"],
        sections=len(rule["sections"]),
        state=state,
        last=last,
    )


def _standing(
    policy: Sequence[FrozenRule], rule: FrozenRule, stored: ReviewSignatures
) -> tuple[PlaceState, Signature | None]:
    """The newest valid signature of the role speaks for it, else one that is gone,
    else its newest."""
    signed = stored.signed
    mine = [each for each in signed if each.signed.role == rule["role"]]
    valid = [each for each in mine if each.valid]
    if valid:
        rejects = valid[-1].signed.meaning == statements.REJECTED
        return PlaceState.REJECTED if rejects else PlaceState.SIGNED, valid[-1]
    if any(event.role == rule["role"] for event in stored.missing):
        return PlaceState.MISSING, None
    if mine:
        return PlaceState.VOID, mine[-1]
    if all(complete(before, signed) for before in groups_before(policy, rule)):
        return PlaceState.OPEN, None
    return PlaceState.LOCKED, None


def _why_void(signature: Signature) -> str:
    """Why the signature is void, in one line."""
    who = signature.signed.handle
    if signature.faults:
        return f"{who} · not genuine: {signature.faults[0]}"
    first, more = signature.void[0], len(signature.void) - 1
    reason = f"{first.key}: {first.change}" if first.key else first.change
    return f"{who} · {reason}" + (f", and {more} more" if more else "")
