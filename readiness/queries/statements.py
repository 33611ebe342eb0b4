"""What a person would sign as a role today, and whether they may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from django.core.cache import cache
from django.utils.text import slugify

from accounts.models import User
from accounts.queries import roles_of, signing_key_of
from audit.domain.canonical import sha256_hex
from readiness.domain import statements
from readiness.domain.claims import ClaimChange, changes, claim_root
from readiness.domain.reviews import Refusal, may_sign, meaning_allowed
from readiness.models import Review
from readiness.queries.board import Board, BoardRow
from readiness.queries.claims import FrozenRule, claim_of, rule_of, scope
from readiness.queries.records import why_unlike_the_log
from readiness.queries.signatures import (
    Signature,
    complete,
    groups_before,
    signatures,
)
from readiness.queries.transitions import how_it_ended

SHOWN_SECONDS = 3600


class SigningRefusal(NamedTuple):
    """Why a person may not sign now; the service raises it."""

    code: Refusal
    reason: str


@dataclass(frozen=True, kw_only=True)
class StatementSheet:
    """The statement of today for one role, and whether this person may sign it:
    `refusal` says why not."""

    board: Board
    rule: FrozenRule
    statement: statements.Statement
    rows: Sequence[BoardRow]
    claims: Sequence[bytes]
    signed: Sequence[Signature]
    refusal: SigningRefusal | None

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
        """How many lines are in which state, by the state's name."""
        return dict(sorted(Counter(row.state.value for row in self.rows).items()))

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


def statement_for(board: Board, role: str, person: User) -> StatementSheet:
    """What `person` would sign as `role` today. Raises NotFound for a role that
    this review does not ask.

    The claims are remembered for an hour by the statement's digest, so that a
    refusal can name the lines that changed between reading and signing.
    """
    review = board.review
    rule = rule_of(review, role)
    stored = signatures(board)
    signed = stored.signed
    rows = scope(board, rule)
    claims = [claim_of(row, review.commit).bytes() for row in rows]
    before = {other["role"] for other in groups_before(review.policy, rule)}
    earlier = [
        sha256_hex(bytes(signature.signoff.envelope))
        for signature in signed
        if signature.counts and signature.signed.role in before
    ]
    version = review.version
    statement = statements.Statement(
        claim_root=claim_root(claims).hex(),
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
    refusal = _refusal(board, rule, signed, person) or _record_refusal(board, rows)
    sheet = StatementSheet(
        board=board,
        rule=rule,
        statement=statement,
        rows=rows,
        claims=claims,
        signed=signed,
        refusal=refusal,
    )
    shown = [claim.decode() for claim in claims]
    cache.set(_shown_key(sheet.sha256), shown, SHOWN_SECONDS)
    return sheet


def _shown_key(sha256: str) -> str:
    return f"statement:{sha256}"


def changed_since(sha256: str, today: Sequence[bytes]) -> list[ClaimChange] | None:
    """What changed since a statement was shown; None when nobody remembers it."""
    held: list[str] | None = cache.get(_shown_key(sha256))
    return None if held is None else changes([claim.encode() for claim in held], today)


def _refusal(
    board: Board, rule: FrozenRule, signed: Sequence[Signature], person: User
) -> SigningRefusal | None:
    role = str(rule["role"])
    if not person.has_perm("readiness.sign") or role not in roles_of(person):
        return SigningRefusal(Refusal.ROLE, f"You do not hold the role {role}.")
    refusal = _refusal_today(board, rule, signed, person)
    if refusal and refusal.code is Refusal.STATE:
        return refusal._replace(reason=f"{how_it_ended(board.review)} {refusal.reason}")
    if refusal is None and signing_key_of(person) is None:
        return SigningRefusal(
            Refusal.NO_SIGNING_KEY, "You have no signing key yet: make one first."
        )
    return refusal


def _record_refusal(board: Board, rows: Sequence[BoardRow]) -> SigningRefusal | None:
    """What the database says of these lines must be what the log tells of them."""
    reason = why_unlike_the_log(board.differences_of(rows), "nothing is signed")
    return SigningRefusal(Refusal.RECORD_DIFFERS, reason) if reason else None


def _refusal_today(
    board: Board, rule: FrozenRule, signed: Sequence[Signature], person: User
) -> SigningRefusal | None:
    """What stands in the way of somebody who holds the role; no query."""
    role = str(rule["role"])
    if not may_sign(board.state):
        return SigningRefusal(
            Refusal.STATE, "This review is no longer open for signatures."
        )
    other = _other_role(role, signed, person)
    if other:
        return SigningRefusal(
            Refusal.ONE_ROLE,
            f"You signed this review as {other}: one person, one role.",
        )
    waiting = [
        str(before["role"])
        for before in groups_before(board.review.policy, rule)
        if not complete(before, signed)
    ]
    if waiting:
        return SigningRefusal(
            Refusal.ORDER, f"It is not your turn: {', '.join(waiting)} sign first."
        )
    return None


def _other_role(role: str, signed: Sequence[Signature], person: User) -> str | None:
    """Another role that the person signed this review as.

    A void signature counts too: undoing the change would make it valid again.
    """
    return next(
        (
            signature.signed.role
            for signature in signed
            if signature.actor == person.actor and signature.signed.role != role
        ),
        None,
    )


def my_role(review: Review, person: User) -> str | None:
    """The first role of the policy that the person holds."""
    held = set(roles_of(person))
    return next((rule["role"] for rule in review.policy if rule["role"] in held), None)


def role_to_sign(board: Board, signed: Sequence[Signature], person: User) -> str | None:
    """The role as which the person may sign now, and has not yet or no longer
    validly; None when it is not their turn. Who has no key yet is told on the page
    that this leads to. One query, for the roles of who may sign at all."""
    if not person.has_perm("readiness.sign"):
        return None
    held = set(roles_of(person))
    for rule in board.review.policy:
        role = str(rule["role"])
        last = last_signature(signed, role, person)
        if (
            role in held
            and not (last and last.valid)
            and _refusal_today(board, rule, signed, person) is None
        ):
            return role
    return None


def last_signature(
    signed: Sequence[Signature], role: str, person: User
) -> Signature | None:
    mine = [
        signature
        for signature in signed
        if signature.signed.role == role and signature.actor == person.actor
    ]
    return mine[-1] if mine else None
