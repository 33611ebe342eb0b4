"""Signatures as they are stored, held against today.

A signature is valid while today's claim root equals the signed one, it is not
revoked, its key was not given up as compromised, and every earlier envelope that
it names is still there. Undoing a change makes it valid again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from readiness.domain import claims, statements
from readiness.domain.claims import ClaimChange
from readiness.models import Signoff
from readiness.queries.board import Board
from readiness.queries.claims import FrozenRule, claims_of, rule_of
from readiness.queries.grouping import grouped

COMPROMISED = "compromised"


@dataclass(frozen=True)
class Signature:
    """A stored signature held against today: `void` says what it no longer fits."""

    signoff: Signoff
    void: Sequence[ClaimChange]

    @property
    def valid(self) -> bool:
        return not self.void and self.signoff.revoked_at is None

    @property
    def counts(self) -> bool:
        """Fills its place in the order: valid, and no rejection."""
        return self.valid and self.signoff.meaning != statements.REJECTED


def signatures(board: Board) -> list[Signature]:
    """All signatures of a review, oldest first: one query."""
    return _held_against(board, _stored([board])[board.review.pk])


def signatures_of(boards: Sequence[Board]) -> dict[int, list[Signature]]:
    """Those of several reviews by the review's id: one query."""
    stored = _stored(boards)
    return {
        board.review.pk: _held_against(board, stored[board.review.pk])
        for board in boards
    }


def _stored(boards: Sequence[Board]) -> defaultdict[int, list[Signoff]]:
    """The signatures of several reviews by the review's id, in one query."""
    reviews = [board.review.pk for board in boards]
    return grouped(
        (signoff.review_id, signoff)
        for signoff in Signoff.objects.filter(review__in=reviews).select_related(
            "signer", "key"
        )
    )


def _held_against(board: Board, stored: Sequence[Signoff]) -> list[Signature]:
    living = {
        signoff.envelope_sha256 for signoff in stored if signoff.revoked_at is None
    }
    today = {
        role: claims_of(board, rule_of(board.review, role))
        for role in {signoff.role for signoff in stored}
    }
    return [
        Signature(signoff, _void(signoff, today[signoff.role], living))
        for signoff in stored
    ]


def _void(
    signoff: Signoff, today: Sequence[bytes], living: set[str]
) -> list[ClaimChange]:
    void = []
    if signoff.key.revoked_reason == COMPROMISED:
        void.append(ClaimChange("", "its key was given up as compromised"))
    if not set(signoff.earlier) <= living:
        void.append(ClaimChange("", "an earlier signature that it names was revoked"))
    if claims.claim_root(today).hex() != signoff.claim_root:
        void += claims.changes(signed_claims(signoff), today)
    return void


def signed_claims(signoff: Signoff) -> list[bytes]:
    """The claims as they were signed."""
    return bytes(signoff.claims).split(b"\n") if signoff.claims else []


def complete(rule: FrozenRule, signed: Sequence[Signature]) -> bool:
    return filled(rule, signed) >= int(rule["minimum"])


def filled(rule: FrozenRule, signed: Sequence[Signature]) -> int:
    """Valid signatures of a role; of distinct persons where the policy says so."""
    counting = [
        signature.signoff
        for signature in signed
        if signature.counts and signature.signoff.role == rule["role"]
    ]
    if rule["distinct"]:
        return len({signoff.signer_id for signoff in counting})
    return len(counting)


def groups_before(policy: Sequence[FrozenRule], rule: FrozenRule) -> list[FrozenRule]:
    return [other for other in policy if int(other["group"]) < int(rule["group"])]
