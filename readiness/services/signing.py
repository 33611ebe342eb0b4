"""Signing: the server signs exactly what it showed, and only then."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from secrets import token_hex

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import SigningKey, User
from accounts.queries import signing_key_of
from accounts.services import keys
from accounts.services.limits import SIGN, check_person
from accounts.services.people import confirming
from audit import queries as audit_queries
from audit import services as audit
from audit.domain import dsse
from audit.domain.canonical import sha256_hex
from kernel.cache import bump
from kernel.display import plural
from kernel.errors import Conflict, FieldError, Forbidden, Invalid
from readiness.domain import statements
from readiness.domain.claims import claim_root
from readiness.domain.reviews import Refusal
from readiness.models import Review, Signoff
from readiness.queries.board import board
from readiness.queries.reviews import object_of
from readiness.queries.statements import (
    StatementSheet,
    changed_since,
    statement_for,
)
from readiness.services.reviews import REVIEWS, tag_of

Confirming = Callable[[User, str], AbstractContextManager[None]]
METHOD = "password+passphrase"
FORBIDDEN = {Refusal.ROLE}
LONGEST_NOTE = 2000


@dataclass(frozen=True)
class SignatureRequest:
    """What a person sends to sign; `statement_sha256` is of what they read."""

    role: str
    meaning: str
    statement_sha256: str
    password: str
    passphrase: str
    note: str = ""


@dataclass(frozen=True)
class UnlockedKey:
    """A person's signing key, open for one signature."""

    private: Ed25519PrivateKey
    authenticated_at: datetime


def sign(
    review: Review,
    request: SignatureRequest,
    by: User,
    confirming: Confirming = confirming,
) -> Signoff:
    """Sign as a role, over today's claims: `unlock`, then `sign_with`."""
    return sign_with(unlock(review, request, by, confirming), review, request, by)


def unlock(
    review: Review,
    request: SignatureRequest,
    by: User,
    confirming: Confirming = confirming,
) -> UnlockedKey:
    """What a signature needs, for whoever may sign this now; about 0.5 s for password
    and passphrase, so never inside of a transaction. `confirming` asks the password:
    who signs over HTTP is counted by it.

    Raises NotFound for a role that is not asked; Forbidden for one that is not
    yours, a wrong password or a wrong passphrase; Invalid for a meaning or note
    that is missing; Conflict as `sign_with` does; TooManyRequests from the eleventh
    in a minute on.
    """
    check_person(SIGN, by)
    _check_request(request)
    refuse_unsure_log("nothing is signed")
    _check(statement_for(board(review, timezone.now()), request.role, by), request)
    with confirming(by, request.password):
        private = keys.unlock(by, request.passphrase)
    return UnlockedKey(authenticated_at=timezone.now(), private=private)


def sign_with(
    key: UnlockedKey, review: Review, request: SignatureRequest, by: User
) -> Signoff:
    """Write the signature.

    Raises Conflict out of order, without a key, for a statement that is not today's
    (naming the lines), for "approved" while something blocks, and for a signature
    that exists already.
    """
    try:
        with transaction.atomic():
            held = Review.objects.select_for_update().get(pk=review.pk)
            sheet = statement_for(board(held, timezone.now()), request.role, by)
            _check(sheet, request)
            signoff = _sign(sheet, request, by, key)
            _log(signoff, sheet, by)
            bump(tag_of(held), REVIEWS)
    except IntegrityError as error:
        raise Conflict(
            "You have signed exactly this with this meaning already.",
            code="signed_already",
        ) from error
    return signoff


def refuse_unsure_log(consequence: str) -> None:
    """Raises Conflict: what is compared with the log proves nothing while nobody can
    tell whether it was written anew."""
    log = audit_queries.verification()
    faults = [*log.problems, *log.unsure]
    if faults:
        raise Conflict(
            f"The audit log cannot be relied on, so {consequence}: {faults[0]}. "
            "An administrator runs `manage.py verify_log`.",
            code="log_broken" if log.problems else "log_unsure",
        )


def _check_request(request: SignatureRequest) -> None:
    wrong = []
    if request.meaning not in statements.MEANINGS:
        known = ", ".join(statements.MEANINGS)
        wrong.append(FieldError("/meaning", "choice", f"one of {known}"))
    if request.meaning == statements.REJECTED and not request.note.strip():
        wrong.append(FieldError("/note", "required", "say why you reject"))
    if len(request.note) > LONGEST_NOTE:
        wrong.append(
            FieldError("/note", "length", f"at most {LONGEST_NOTE} characters")
        )
    if wrong:
        raise Invalid.of(wrong)


def _check(sheet: StatementSheet, request: SignatureRequest) -> None:
    if sheet.refusal:
        code, reason = sheet.refusal
        raise (Forbidden if code in FORBIDDEN else Conflict)(reason, code=code)
    if request.meaning == statements.APPROVED and not sheet.may_approve:
        blocking = plural(len(sheet.board.verdict.blockers), "line")
        raise Conflict(
            f"Approving waits until nothing blocks: it is up to {blocking}.",
            code="not_ready",
        )
    if request.statement_sha256 != sheet.sha256:
        raise _changed(sheet, request)


def _changed(sheet: StatementSheet, request: SignatureRequest) -> Conflict:
    """The statement that was read is not today's: say where they differ."""
    changes = changed_since(request.statement_sha256, sheet.claims)
    if changes is None:
        detail = (
            "The statement that you confirm is not the one of today: read it again."
        )
        return Conflict(detail, code="statement_changed")
    lines = [
        FieldError(f"/items/{change.key}", "changed", change.change)
        for change in changes
    ]
    named = ", ".join(change.key for change in changes[:5]) or "the earlier signatures"
    return Conflict(
        f"It changed while you read: {named}. Read it again, then sign.",
        code="statement_changed",
        errors=lines,
    )


def _sign(
    sheet: StatementSheet,
    request: SignatureRequest,
    by: User,
    unlocked: UnlockedKey,
) -> Signoff:
    key = signing_key_of(by)
    opened = dsse.key_id(unlocked.private.public_key().public_bytes_raw())
    if key is None or key.key_id != opened:
        raise Conflict("Your signing key was changed meanwhile.", code="key_changed")
    signing = _signing(sheet, request, by, key, unlocked.authenticated_at)
    payload = statements.payload(sheet.statement, signing, sheet.role_slug)
    envelope = dsse.sign(statements.PAYLOAD_TYPE, payload, unlocked.private)
    return Signoff.objects.create(
        review=sheet.board.review,
        role=sheet.role,
        signer=by,
        key=key,
        meaning=request.meaning,
        note=signing.note,
        nonce=signing.nonce,
        envelope=envelope,
        envelope_sha256=sha256_hex(envelope),
        claim_root=claim_root(sheet.claims).hex(),
        claims=b"\n".join(sheet.claims),
        earlier=sorted(sheet.statement.earlier),
        signed_at=signing.signed_at,
    )


def _signing(
    sheet: StatementSheet,
    request: SignatureRequest,
    by: User,
    key: SigningKey,
    authenticated_at: datetime,
) -> statements.Signing:
    """What is added to the statement while signing: who, when, and the log's head."""
    head = audit_queries.head()
    return statements.Signing(
        meaning=request.meaning,
        note=request.note.strip(),
        handle=by.username,
        name=by.get_full_name() or by.username,
        key_id=key.key_id,
        auth_method=METHOD,
        auth_at=authenticated_at,
        signed_at=timezone.now(),
        nonce=token_hex(16),
        log_origin=head.origin,
        log_size=head.size,
        log_root=head.root,
        summary={
            "proven": str(sheet.states.get("proven", 0)),
            "waived": str(sheet.states.get("waived", 0)),
            "notApplicable": str(sheet.states.get("not_applicable", 0)),
            "claimed": str(sheet.states.get("claimed", 0)),
        },
    )


def _log(signoff: Signoff, sheet: StatementSheet, by: User) -> None:
    """The event, then a signed head of the log that holds it."""
    event = audit.append(
        "readiness.review.signed",
        actor=by.actor,
        object=object_of(signoff.review),
        data={
            "role": signoff.role,
            "meaning": signoff.meaning,
            "statement_sha256": sheet.sha256,
            "claim_root": signoff.claim_root,
            "envelope_sha256": signoff.envelope_sha256,
        },
    )
    Signoff.objects.filter(pk=signoff.pk).update(seq=event.seq)
    signoff.seq = event.seq
    audit.checkpoint()
