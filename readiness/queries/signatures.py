"""Signatures as their bytes and the log tell them, held against today.

A signature is genuine while its envelope verifies under a key whose making the log
tells of, and the log tells of this envelope; columns are never believed. A genuine
one is valid while today's claim root equals the signed one, its key was not given up
as compromised, and every earlier envelope that it names is still there. Undoing a change makes it valid again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from audit.domain.canonical import sha256_hex
from readiness.domain import claims, statements
from readiness.domain.claims import ClaimChange
from readiness.domain.envelopes import (
    Opened,
    SignedEvent,
    SignedReview,
    SignedWords,
    opened,
)
from readiness.models import Review, Signoff
from readiness.queries.board import Board
from readiness.queries.claims import FrozenRule, claims_of, rule_of, scope
from readiness.queries.grouping import grouped
from readiness.queries.witnesses import Witnesses, witnesses

DIFFERS = "its record differs from the log"


@dataclass(frozen=True)
class Signature:
    """A stored signature held against the log and today: `faults` say why it is not
    genuine, `altered` which columns were changed since, `void` what it no longer
    fits. `signed` is what the envelope says, of a broken one what its row says;
    `event` the log's word."""

    signoff: Signoff
    signed: SignedWords
    event: SignedEvent | None
    void: Sequence[ClaimChange]
    faults: Sequence[str] = ()
    altered: Sequence[str] = ()

    @property
    def actor(self) -> str:
        """Who signed, by the log's word ("p:7"); "" where it has none."""
        return self.event.actor if self.event else ""

    @property
    def valid(self) -> bool:
        return not (self.faults or self.void)

    @property
    def counts(self) -> bool:
        """Fills its place in the order: valid, and no rejection."""
        return self.valid and self.signed.meaning != statements.REJECTED


@dataclass(frozen=True)
class ReviewSignatures:
    """A review's signatures, oldest first, and the events of the log that tell of one
    whose row is gone."""

    signed: Sequence[Signature]
    missing: Sequence[SignedEvent]


def signatures(board: Board) -> ReviewSignatures:
    """All signatures of a review: one query, two where somebody signed."""
    return signatures_of([board])[board.review.pk]


def signatures_of(boards: Sequence[Board]) -> dict[int, ReviewSignatures]:
    """Those of several reviews by the review's id, in as many queries."""
    stored = _stored(boards)
    told = witnesses({board.review.pk: board.log for board in boards})
    return {
        board.review.pk: _held_against(board, stored[board.review.pk], told)
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


def _held_against(
    board: Board, stored: Sequence[Signoff], told: Witnesses
) -> ReviewSignatures:
    review = board.review
    events = told.signed[review.pk]
    about = _about(review)
    envelopes = {
        signoff.pk: opened(bytes(signoff.envelope), about, events, told.keys)
        for signoff in stored
    }
    here = {sha256_hex(bytes(signoff.envelope)) for signoff in stored}
    living = {
        sha256_hex(bytes(signoff.envelope))
        for signoff in stored
        if not envelopes[signoff.pk].faults
    }
    today: dict[str, Sequence[bytes]] = {}
    return ReviewSignatures(
        [
            _signature(board, signoff, envelopes[signoff.pk], living, today)
            for signoff in stored
        ],
        [event for digest, event in events.items() if digest not in here],
    )


def _about(review: Review) -> SignedReview:
    """What would be signed of the review itself today."""
    return SignedReview(
        review=str(review.uuid),
        commit=review.commit,
        environment=review.environment,
        release=review.release,
        policy_sha256=statements.policy_sha256(review.policy),
        template_sha256=review.version.sha256,
    )


def _signature(
    board: Board,
    signoff: Signoff,
    envelope: Opened,
    living: set[str],
    today: dict[str, Sequence[bytes]],
) -> Signature:
    """`today` remembers the claims of the roles that were asked for before."""
    event = envelope.event
    if envelope.said is None:
        row = _of_row(signoff, _about(board.review))
        return Signature(signoff, row, event, [], envelope.faults)
    said, faults = envelope.said, list(envelope.faults)
    kept = signed_claims(signoff)
    if claims.claim_root(kept).hex() != said.claim_root:
        faults.append("the kept claims do not have the signed claim root")
        kept = []
    void: list[ClaimChange] = []
    if not faults:
        if said.role not in today:
            today[said.role] = _claims_today(board, said.role)
        void = _void(envelope, said, kept, today[said.role], living)
        void += _unlike_the_log(board, said.role)
    altered = _altered(signoff, said, event)
    return Signature(signoff, said, event, void, faults, altered)


def _claims_today(board: Board, role: str) -> Sequence[bytes]:
    return claims_of(board, rule_of(board.review, role))


def _of_row(signoff: Signoff, about: SignedReview) -> SignedWords:
    """What the row says where the envelope cannot: shown, and never valid."""
    return SignedWords(
        about=about,
        role=signoff.role,
        meaning=signoff.meaning,
        note=signoff.note,
        handle=signoff.signer.username,
        name=signoff.signer.get_full_name(),
        key_id=signoff.key.key_id,
        signed_at=signoff.signed_at,
        claim_root=signoff.claim_root,
        earlier=tuple(signoff.earlier),
    )


def _altered(
    signoff: Signoff, said: SignedWords, event: SignedEvent | None
) -> list[str]:
    """Which columns say something else than what was signed."""
    signer = signoff.signer.actor
    columns: Mapping[str, tuple[object, object]] = {
        "signer": (signer, event.actor if event else signer),
        "key": (signoff.key.key_id, said.key_id),
        "role": (signoff.role, said.role),
        "meaning": (signoff.meaning, said.meaning),
        "note": (signoff.note, said.note),
        "claim root": (signoff.claim_root, said.claim_root),
        "earlier signatures": (sorted(signoff.earlier), sorted(said.earlier)),
        "envelope's digest": (
            signoff.envelope_sha256,
            sha256_hex(bytes(signoff.envelope)),
        ),
    }
    altered = [
        f"the {name} in the database was changed: the envelope is shown"
        for name, (column, signed) in columns.items()
        if column != signed
    ]
    if signoff.revoked_at is not None:
        altered.append("the database says revoked, the log tells of no revocation")
    return altered


def _void(
    envelope: Opened,
    said: SignedWords,
    kept: Sequence[bytes],
    today: Sequence[bytes],
    living: set[str],
) -> list[ClaimChange]:
    void = []
    if envelope.compromised:
        void.append(ClaimChange("", "its key was given up as compromised"))
    if not set(said.earlier) <= living:
        void.append(ClaimChange("", "an earlier signature that it names was revoked"))
    if claims.claim_root(today).hex() != said.claim_root:
        void += claims.changes(kept, today)
    return void


def _unlike_the_log(board: Board, role: str) -> list[ClaimChange]:
    """What of these lines the log does not tell, nobody has signed."""
    rows = scope(board, rule_of(board.review, role))
    return [ClaimChange(row.key, DIFFERS) for row in rows if row.differs]


def signed_claims(signoff: Signoff) -> list[bytes]:
    """The claims as they were signed."""
    return bytes(signoff.claims).split(b"\n") if signoff.claims else []


def complete(rule: FrozenRule, signed: Sequence[Signature]) -> bool:
    return filled(rule, signed) >= int(rule["minimum"])


def filled(rule: FrozenRule, signed: Sequence[Signature]) -> int:
    """Valid signatures of a role; of distinct persons where the policy says so. An
    envelope of which there are two rows is one signature."""
    counting = {
        signature.actor if rule["distinct"] else bytes(signature.signoff.envelope)
        for signature in signed
        if signature.counts and signature.signed.role == rule["role"]
    }
    return len(counting)


def groups_before(policy: Sequence[FrozenRule], rule: FrozenRule) -> list[FrozenRule]:
    return [other for other in policy if int(other["group"]) < int(rule["group"])]
