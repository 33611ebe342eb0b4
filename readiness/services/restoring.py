"""Bringing a line back to what a signature holds, so that the signature holds again."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from django.utils import timezone

from accounts.models import User
from audit import services as audit
from kernel.cache import bump
from kernel.errors import Conflict, Forbidden, NotFound
from readiness.domain.claims import IMPORT
from readiness.domain.logged import RESTORED
from readiness.domain.restoring import SignedLine, signed_line, why_not
from readiness.models import ReviewItem
from readiness.queries.board import board
from readiness.queries.people import person_called
from readiness.queries.restorable import last_change, today
from readiness.queries.reviews import object_of
from readiness.queries.signatures import Signature, signatures, signed_claims
from readiness.services.claims import stale
from readiness.services.filling import salted_values
from readiness.services.living import changing, refuse_ended
from readiness.services.reviews import tag_of


def restore_item(
    claim: ReviewItem, signoff: uuid.UUID, revision: int, by: User
) -> None:
    """Make the line what this signature of its review holds: done, by whom, and its
    blanks. `claim` comes with its review and item.

    Raises NotFound for a signature that is not there or does not hold the line,
    Conflict for one that is not genuine, for a line that is so already, that somebody
    changed meanwhile, or whose claimant is gone, Forbidden for whoever may not.
    """
    refuse_ended(claim.review)
    shown = board(claim.review, timezone.now())
    row = shown.by_id[claim.pk]
    line = _held(_genuine(signatures(shown).signed, signoff), row.key)
    if line == today(row):
        raise Conflict(f"{row.key} is so already.", code="restored")
    reason = why_not(by.username, line, last_change(shown, row))
    if reason:
        code = "withdrawn" if "withdrew" in reason else "restore"
        raise Forbidden(reason, code=code)
    _write(claim, line, signoff, revision, by)


def _genuine(signed: Sequence[Signature], signoff: uuid.UUID) -> Signature:
    for signature in signed:
        if signature.signoff.uuid == signoff:
            if signature.faults:
                raise Conflict("This signature is not genuine.", code="not_genuine")
            return signature
    raise NotFound("This review has no such signature.", code="not_found")


def _held(signature: Signature, key: str) -> SignedLine:
    line = signed_line(signed_claims(signature.signoff), key)
    if line is None:
        raise NotFound(f"This signature does not hold {key}.", code="not_found")
    return line


def _write(
    claim: ReviewItem, line: SignedLine, signoff: uuid.UUID, revision: int, by: User
) -> None:
    now = timezone.now()
    imported = line.done and line.by == IMPORT
    claimant = None if imported or not line.done else _claimant(line)
    labels = {*claim.values, *line.fields}
    values = {label: line.fields.get(label, "") for label in labels}
    salts, hmacs = salted_values(values)
    with changing(claim.review):
        changed = ReviewItem.objects.filter(pk=claim.pk, revision=revision).update(
            claimed=line.done,
            claimed_by=claimant,
            claimed_by_import=imported,
            claimed_at=now if line.done else None,
            values=values,
            salts=salts,
            changed_by=by,
            changed_at=now,
            revision=revision + 1,
        )
        if not changed:
            raise stale(claim.pk)
        audit.append(
            RESTORED,
            actor=by.actor,
            object=object_of(claim.review),
            data={
                "item": str(claim.pk),
                "key": claim.item.key,
                "revision": str(revision + 1),
                "signoff": str(signoff),
                "done": line.done,
                "by": line.by,
                "by_actor": claimant.actor if claimant else None,
                "hmacs": hmacs,
            },
        )
        bump(tag_of(claim.review))


def _claimant(line: SignedLine) -> User:
    person = person_called(line.by or "")
    if person is None:
        raise Conflict(f"There is no {line.by} any more.", code="claimant")
    return person
