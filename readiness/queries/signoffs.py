"""Signatures: what a role would sign today, and how each signature stands.

A signature is valid while today's claim root equals the signed one, it is not
revoked, its key was not given up as compromised, and every earlier envelope that
it names is still there. Undoing a change makes it valid again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.core.cache import cache
from django.utils.text import slugify

from accounts.models import User
from accounts.queries import roles_of, signing_key_of
from kernel.errors import NotFound
from readiness.domain import claims as domain
from readiness.domain import statements
from readiness.domain.claims import Change, Claim
from readiness.domain.reviews import may_sign, meaning_allowed
from readiness.domain.tally import Meter
from readiness.models import Review, Signoff, Standing
from readiness.queries.board import Board, Row
from readiness.queries.grouping import grouped

SHOWN_SECONDS = 3600
Policy = Mapping[str, Any]
COMPROMISED = "compromised"


# --- claims of today ----------------------------------------------------------


def claim_of(row: Row, commit: str) -> Claim:
    """One line of the board as it is signed; verdicts count for this commit only."""
    standing = {one.check_of_id: one for one in row.standings}
    filed = [one.latest for one in row.standings if one.check_of_id is None]
    return Claim(
        key=row.key,
        title=row.shape.title,
        body=row.shape.body,
        blocking=row.shape.blocking,
        done=row.claim.claimed,
        by=row.claimed_by,
        fields={
            field.label: str(row.claim.values.get(field.label, "")).strip()
            for field in row.shape.fields
            if str(row.claim.values.get(field.label, "")).strip()
        },
        checks=[
            domain.ClaimedCheck(
                probe=check.probe,
                definition_sha256=check.definition_sha256,
                threshold=check.threshold,
                verdict=_verdict(standing.get(check.id), commit),
            )
            for check in row.shape.checks
        ],
        waiver=(
            domain.ClaimedWaiver(
                row.waiver.reason, row.waiver.approved_by, row.waiver.ends
            )
            if row.waiver and row.waiver.ends
            else None
        ),
        not_applicable=(
            domain.ClaimedNotApplicable(
                row.not_applicable.reason,
                [row.not_applicable.requested_by, row.not_applicable.approved_by],
            )
            if row.not_applicable
            else None
        ),
        evidence=[
            one.blob_sha256
            for one in filed
            if one.blob_sha256 and hasattr(one, "confirmation")
        ],
    )


def _verdict(standing: Standing | None, commit: str) -> str:
    if standing is None or standing.conclusive is None:
        return "none"
    conclusive = standing.conclusive
    return conclusive.verdict if conclusive.commit == commit else "none"


def scope(board: Board, rule: Policy) -> list[Row]:
    """The lines that a role signs, in document order."""
    slugs = set(rule["sections"])
    return [row for row in board.rows if row.inside and row.shape.section.slug in slugs]


def claims_of(board: Board, rule: Policy) -> list[bytes]:
    commit = board.review.commit
    return [claim_of(row, commit).bytes() for row in scope(board, rule)]


def rule_of(review: Review, role: str) -> Policy:
    """The frozen policy's rule for a role. Raises NotFound."""
    for rule in review.policy:
        if rule["role"] == role:
            return dict(rule)
    raise NotFound(f"This review asks no {role!r} to sign.", code="no_such_role")


# --- signatures and how they stand --------------------------------------------


@dataclass(frozen=True)
class Signature:
    """A stored signature held against today: `void` says what it no longer fits."""

    signoff: Signoff
    void: Sequence[Change]

    @property
    def valid(self) -> bool:
        return not self.void and self.signoff.revoked_at is None

    @property
    def counts(self) -> bool:
        """Fills its place in the order: valid, and no rejection."""
        return self.valid and self.signoff.meaning != statements.REJECTED


def signatures(board: Board) -> list[Signature]:
    """All signatures of a review, oldest first: one query."""
    return _signatures(board, _stored([board])[board.review.pk])


def _stored(boards: Sequence[Board]) -> defaultdict[int, list[Signoff]]:
    """The signatures of several reviews by the review's id, in one query."""
    reviews = [board.review.pk for board in boards]
    return grouped(
        (signoff.review_id, signoff)
        for signoff in Signoff.objects.filter(review__in=reviews).select_related(
            "signer", "key"
        )
    )


def _signatures(board: Board, stored: Sequence[Signoff]) -> list[Signature]:
    living = {one.envelope_sha256 for one in stored if one.revoked_at is None}
    today: dict[str, list[bytes]] = {}
    found = []
    for one in stored:
        if one.role not in today:
            today[one.role] = claims_of(board, rule_of(board.review, one.role))
        found.append(Signature(one, _void(one, today[one.role], living)))
    return found


def _void(signoff: Signoff, today: Sequence[bytes], living: set[str]) -> list[Change]:
    void = []
    if signoff.key.revoked_reason == COMPROMISED:
        void.append(Change("", "its key was given up as compromised"))
    if not set(signoff.earlier) <= living:
        void.append(Change("", "an earlier signature that it names was revoked"))
    if domain.claim_root(today).hex() != signoff.claim_root:
        void += domain.changes(signed_claims(signoff), today)
    return void


def signed_claims(signoff: Signoff) -> list[bytes]:
    """The claims as they were signed."""
    return bytes(signoff.claims).split(b"\n") if signoff.claims else []


def complete(rule: Policy, signed: Sequence[Signature]) -> bool:
    return _filled(rule, signed) >= int(rule["minimum"])


def _filled(rule: Policy, signed: Sequence[Signature]) -> int:
    """Valid signatures of a role; of distinct persons where the policy says so."""
    mine = [
        one.signoff for one in signed if one.counts and one.signoff.role == rule["role"]
    ]
    return len({one.signer_id for one in mine}) if rule["distinct"] else len(mine)


def groups_before(policy: Sequence[Policy], rule: Policy) -> list[Policy]:
    return [one for one in policy if int(one["group"]) < int(rule["group"])]


# --- the panel beside the checklist -------------------------------------------


@dataclass(frozen=True)
class Line:
    """One role: `tone`, `icon` and `words` make its chip, `note` says more."""

    role: str
    group: str
    tone: str
    icon: str
    words: str
    note: str

    @property
    def initials(self) -> str:
        first, _, second = self.role.partition(" ")
        return (first[:1] + (second[:1] or first[1:2])).upper()


@dataclass(frozen=True)
class Panel:
    """`complete`: every role has its valid signatures, none of them a rejection."""

    lines: Sequence[Line]
    signatures: Meter
    complete: bool = False


def panel(board: Board) -> Panel:
    """The frozen policy's roles in their order, and how each stands: one query."""
    return panels([board])[board.review.pk]


def panels(boards: Sequence[Board]) -> dict[int, Panel]:
    """The panels of several reviews by the review's id, in one query."""
    stored = _stored(boards)
    return {
        board.review.pk: _panel(board, _signatures(board, stored[board.review.pk]))
        for board in boards
    }


def _panel(board: Board, signed: Sequence[Signature]) -> Panel:
    policy = board.review.policy
    lines = [_line(policy, rule, signed) for rule in policy]
    rejected = any(one.valid and not one.counts for one in signed)
    filled = sum(min(_filled(rule, signed), int(rule["minimum"])) for rule in policy)
    required = sum(int(rule["minimum"]) for rule in policy)
    return Panel(
        lines,
        Meter(filled, required),
        bool(policy) and filled == required and not rejected,
    )


def _line(policy: Sequence[Policy], rule: Policy, signed: Sequence[Signature]) -> Line:
    mine = [one for one in signed if one.signoff.role == rule["role"]]
    role, group = rule["role"], rule["group"]
    valid = [one for one in mine if one.valid]
    if valid:
        last = valid[-1].signoff
        note = f"{last.signer.username} · {last.meaning} · {last.signed_at:%-d %b, %H:%M} UTC"
        if last.meaning == statements.REJECTED:
            return Line(role, group, "crit", "fail", "Rejected", note)
        return Line(role, group, "ok", "check", "Signed", note)
    if mine:
        return Line(role, group, "warn", "warn", "Void", _why(mine[-1]))
    if all(complete(one, signed) for one in groups_before(policy, rule)):
        count = len(rule["sections"])
        return Line(
            role, group, "", "pen", "To sign", f"{count} section{'s' * (count != 1)}"
        )
    return Line(role, group, "", "lock", "Locked", "opens after the technical roles")


def _why(signature: Signature) -> str:
    """Why the signature is void, in one line."""
    who = signature.signoff.signer.username
    if not signature.void:
        return f"{who} · revoked"
    first, more = signature.void[0], len(signature.void) - 1
    words = f"{first.key}: {first.change}" if first.key else first.change
    return f"{who} · {words}" + (f", and {more} more" if more else "")


# --- what a person would sign -------------------------------------------------


@dataclass(frozen=True)
class Shown:
    """The statement of today for one role, and whether this person may sign it.

    `refusal` is (code, reason) or None; the service raises what it says.
    """

    board: Board
    rule: Policy
    statement: statements.Statement
    rows: Sequence[Row]
    claims: Sequence[bytes]
    signed: Sequence[Signature]
    refusal: tuple[str, str] | None

    @property
    def role(self) -> str:
        return str(self.rule["role"])

    @cached_property
    def sha256(self) -> str:
        return self.statement.sha256()

    @cached_property
    def text(self) -> str:
        """The canonical JSON whose digest is confirmed."""
        return self.statement.bytes().decode()

    @cached_property
    def states(self) -> dict[str, int]:
        tally: dict[str, int] = {}
        for row in self.rows:
            tally[row.state] = tally.get(row.state, 0) + 1
        return dict(sorted(tally.items()))

    @property
    def sections(self) -> list[str]:
        return list(dict.fromkeys(row.shape.section.title for row in self.rows))

    @property
    def words(self) -> str:
        return statements.words(
            self.statement,
            scope=self.sections,
            claims=len(self.rows),
            states=self.states,
        )

    @property
    def may_approve(self) -> bool:
        return meaning_allowed(statements.APPROVED, ready=self.board.verdict.ready)

    @property
    def role_slug(self) -> str:
        return slugify(self.role)


def statement_for(board: Board, role: str, person: User) -> Shown:
    """What `person` would sign as `role` today. Raises NotFound for a role that
    this review does not ask.

    The claims are remembered for an hour by the statement's digest, so that a
    refusal can name the lines that changed between reading and signing.
    """
    review = board.review
    rule = rule_of(review, role)
    signed = signatures(board)
    rows = scope(board, rule)
    claims = [claim_of(row, review.commit).bytes() for row in rows]
    before = groups_before(review.policy, rule)
    earlier = [
        one.signoff.envelope_sha256
        for one in signed
        if one.counts and one.signoff.role in {rule["role"] for rule in before}
    ]
    version = review.version
    statement = statements.Statement(
        claim_root=domain.claim_root(claims).hex(),
        commit=review.commit,
        earlier=earlier,
        environment=review.environment,
        group=str(rule["group"]),
        policy_sha256=statements.policy_sha256(review.policy),
        release=review.release,
        review=str(review.uuid),
        role=role,
        template=statements.TemplateName(
            version.template.slug, str(version.number), version.sha256
        ),
    )
    refusal = _refusal(board, rule, signed, person)
    shown = Shown(board, rule, statement, rows, claims, signed, refusal)
    cache.set(_shown_key(shown.sha256), b"\n".join(claims), SHOWN_SECONDS)
    return shown


def _shown_key(sha256: str) -> str:
    return f"statement:{sha256}"


def changed_since(sha256: str, today: Sequence[bytes]) -> list[Change] | None:
    """What changed since a statement was shown; None when nobody remembers it."""
    held = cache.get(_shown_key(sha256))
    return None if held is None else domain.changes(held.split(b"\n"), today)


def _refusal(
    board: Board, rule: Policy, signed: Sequence[Signature], person: User
) -> tuple[str, str] | None:
    role = str(rule["role"])
    if not person.has_perm("readiness.sign") or role not in roles_of(person):
        return "role", f"You do not hold the role {role}."
    if not may_sign(board.review.state):
        return "state", "This review is no longer open for signatures."
    other = next(
        (
            one.signoff.role
            for one in signed
            # A void one counts too: undoing the change would make it valid again.
            if one.signoff.revoked_at is None
            and one.signoff.signer_id == person.pk
            and one.signoff.role != role
        ),
        None,
    )
    if other:
        return "one_role", f"You signed this review as {other}: one person, one role."
    waiting = [
        str(one["role"])
        for one in groups_before(board.review.policy, rule)
        if not complete(one, signed)
    ]
    if waiting:
        return "order", f"It is not your turn: {', '.join(waiting)} sign first."
    if signing_key_of(person) is None:
        return "no_signing_key", "You have no signing key yet: make one first."
    return None


def my_role(review: Review, person: User) -> str | None:
    """The first role of the policy that the person holds."""
    held = set(roles_of(person))
    return next((rule["role"] for rule in review.policy if rule["role"] in held), None)


def last_signature(
    signed: Sequence[Signature], role: str, person: User
) -> Signature | None:
    mine = [
        one
        for one in signed
        if one.signoff.role == role and one.signoff.signer_id == person.pk
    ]
    return mine[-1] if mine else None
