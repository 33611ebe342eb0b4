"""Waivers and "not applicable": asked for by one person, approved by another, taken
back by either.

Each names exactly one line of one review. Nothing of them is ever changed but by an
approval or a revocation, for signatures hold what was approved.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

from django.utils import timezone

from accounts.models import User
from audit import services as audit
from audit.domain.canonical import salted_hex
from kernel.cache import bump
from kernel.errors import Conflict, FieldError, Forbidden, Invalid
from readiness.domain.exemptions import NewWaiver, text_faults, waiver_faults
from readiness.domain.state import OUTSIDE
from readiness.models import NotApplicable, ReviewItem, Waiver
from readiness.models.reviews import ExemptionRecord
from readiness.queries.exemptions import KIND, WORDS, may_approve
from readiness.queries.reviews import object_of
from readiness.services.living import changing, refuse_ended
from readiness.services.reviews import tag_of

Kept = TypeVar("Kept", Waiver, NotApplicable)
MOST = 20  # of one kind for one line: a history that a person reads


def ask_waiver(items: Sequence[ReviewItem], new: NewWaiver, by: User) -> list[Waiver]:
    """One waiver for each of these lines of one review, waiting for an Administrator.

    Raises Invalid for what may not be asked for, Conflict for a line that waits
    already, lies outside readiness, or whose review has ended.
    """
    _refuse(waiver_faults(new, timezone.now()))
    with changing(items[0].review):
        return [
            _ask(Waiver, item, by, reason=new.reason, risk=new.risk, ends=new.ends)
            for item in items
        ]


def ask_not_applicable(
    items: Sequence[ReviewItem], reason: str, by: User
) -> list[NotApplicable]:
    """One for each of these lines, waiting for another reviewer. Raises as
    ask_waiver()."""
    _refuse(text_faults("reason", reason))
    with changing(items[0].review):
        return [_ask(NotApplicable, item, by, reason=reason) for item in items]


def _refuse(faults: Iterable[FieldError]) -> None:
    if wrong := list(faults):
        raise Invalid.of(wrong)


def _ask(model: type[Kept], item: ReviewItem, by: User, **values: Any) -> Kept:
    if item.item.section.kind in OUTSIDE:
        raise Conflict(
            f"{item.item.key} is outside readiness: it holds nothing up.",
            code="outside",
        )
    # Two who ask at once wait here for each other.
    ReviewItem.objects.select_for_update().get(pk=item.pk)
    known = model._default_manager.filter(review_item=item)
    if known.filter(approved_by=None, revoked_by=None).exists():
        raise Conflict(
            f"A {WORDS[model]} of {item.item.key} waits for approval already.",
            code="waiting",
        )
    if known.count() >= MOST:
        raise Conflict(
            f"{item.item.key} has had {MOST} of them: no more are taken.", code="many"
        )
    row = model._default_manager.create(
        review_item=item, requested_by=by, salt=secrets.token_bytes(32), **values
    )
    _log("requested", row, by)
    return row


def approve(row: ExemptionRecord, by: User) -> None:
    """It counts from now on. Raises Forbidden for one's own, and for who may not;
    Conflict for what was approved, taken back, or has ended meanwhile."""
    refuse_ended(row.review_item.review)
    if row.requested_by_id == by.pk:
        raise Forbidden("Somebody else must approve what you asked for.", code="own")
    if by.is_service:
        raise Forbidden("A person approves this, no service account.", code="person")
    if not may_approve(row, by):
        raise Forbidden(f"Your role may not approve a {WORDS[type(row)]}.", code="role")
    now = timezone.now()
    if isinstance(row, Waiver) and row.ends <= now:
        raise Conflict(
            "It has ended before anybody approved it: ask for a new one.", code="ended"
        )
    with changing(row.review_item.review):
        waiting = _rows(row).filter(approved_by=None, revoked_by=None)
        if not waiting.update(approved_by=by, approved_at=now):
            raise Conflict(_meanwhile(row), code="decided")
        row.refresh_from_db()
        _log("approved", row, by)


def revoke(row: ExemptionRecord, by: User) -> None:
    """It counts no more: whoever works on reviews, or approves, takes it back, for
    that makes nothing look better. Raises Conflict for what was taken back already."""
    with changing(row.review_item.review):
        standing = _rows(row).filter(revoked_by=None)
        if not standing.update(revoked_by=by, revoked_at=timezone.now()):
            raise Conflict("It was taken back already.", code="revoked")
        row.refresh_from_db()
        _log("revoked", row, by)


def _rows(row: ExemptionRecord) -> Any:
    return type(row)._default_manager.filter(pk=row.pk)


def _meanwhile(row: ExemptionRecord) -> str:
    now = _rows(row).select_related("approved_by", "revoked_by").get()
    if now.revoked_by:
        return f"It was taken back by {now.revoked_by.username}."
    return f"It was approved by {now.approved_by.username} already."


def _log(verb: str, row: ExemptionRecord, by: User) -> None:
    item, name = row.review_item, KIND[type(row)]
    told = {
        "item": str(item.pk),
        "key": item.item.key,
        name: str(row.pk),
        # A reason may name people: salted, so that nothing is left to guess from.
        "reason_hmac": salted_hex(bytes(row.salt), row.reason),
    }
    if isinstance(row, Waiver):
        told["ends"] = row.ends.isoformat()
    audit.append(
        f"readiness.{name}.{verb}",
        actor=by.actor,
        object=object_of(item.review),
        data=told,
    )
    bump(tag_of(item.review))
