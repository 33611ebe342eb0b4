"""What people decide of a review as a whole: deployed, aborted, invalidated.

Each stored state is one event and one Transition; none goes back.
"""

from __future__ import annotations

import secrets
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import queries as audit_queries
from audit import services as audit
from audit.domain.canonical import salted_hex, stamp
from kernel.cache import bump
from kernel.errors import Conflict, FieldError, Forbidden, Invalid
from readiness.domain.lifecycle import (
    LENGTH,
    NEXT_REVIEW,
    RUNNING,
    may_follow,
    sentence_faults,
)
from readiness.domain.reviews import Refusal
from readiness.models import FollowUp, Review, Transition
from readiness.models.reviews import LIVING
from readiness.queries.board import board
from readiness.queries.lifecycle import why_not_deployed_now
from readiness.queries.logged import logged_review, logged_reviews
from readiness.queries.progress import progress
from readiness.queries.reviews import object_of
from readiness.queries.signatures import signatures
from readiness.queries.transitions import how_it_ended
from readiness.services.reviews import REVIEWS, tag_of
from readiness.services.signing import refuse_unsure_log

ENDS_ANY = "readiness.end"
State = Review.State


def deploy(review: Review, by: User) -> Review:
    """Mark an approved review deployed, open its follow-ups, and supersede every older
    living review of the same template and environment.

    Raises Conflict for one that is not approved, while nobody can rely on the log, and
    where the database says something else of its lines than the log.
    """
    refuse_unsure_log("nothing is deployed")
    with transaction.atomic():
        held = _hold_with_siblings(review)
        now = timezone.now()
        shown = board(held, now)
        reason = why_not_deployed_now(shown, progress(shown))
        if reason:
            unlike = shown.state in LIVING and shown.differences
            raise Conflict(
                reason, code=Refusal.RECORD_DIFFERS if unlike else "not_approved"
            )
        enter(held, State.DEPLOYED, at=now, by=by)
        FollowUp.objects.bulk_create(
            FollowUp(review=held, window=window, due_at=now + length)
            for window, length in LENGTH.items()
        )
        held.next_review_at = (now + NEXT_REVIEW).date()
        held.save(update_fields=["next_review_at"])
        for older in _older(held):
            enter(older, State.SUPERSEDED, at=now, by=by, cause=held)
    return held


def abort(review: Review, reason: str, by: User) -> Review:
    """End a review that shall not be deployed. Raises Forbidden for who neither opened
    it nor is an Administrator, Invalid without a reason, Conflict once it has ended."""
    if review.created_by_id != by.pk and not by.has_perm(ENDS_ANY):
        raise Forbidden(
            "Whoever opened it aborts a review, or an Administrator.", code="own"
        )
    return _end(review, State.ABORTED, reason, by)


def invalidate(review: Review, reason: str, by: User) -> Review:
    """Say that nothing of this review can be relied on. Raises Conflict while neither
    the log nor a signature of it or its key is broken."""
    if not what_is_broken(review):
        raise Conflict(
            "The log is whole, and every signature of this review and its key is "
            "genuine: abort it instead.",
            code="nothing_broken",
        )
    return _end(review, State.INVALIDATED, reason, by)


def what_is_broken(review: Review) -> str:
    """What lets an Administrator invalidate this review; "" where nothing does."""
    log = audit_queries.verification()
    if log.problems:
        return f"the audit log: {log.problems[0]}"
    for signature in signatures(board(review, timezone.now())).signed:
        who = f"the signature of {signature.signed.handle}"
        if signature.faults:
            return f"{who}: {signature.faults[0]}"
        for change in signature.void:
            if not change.key:
                return f"{who}: {change.change}"
    return ""


def set_next_review(review: Review, day: date, by: User) -> None:
    """When somebody looks at this release again; its opener and deployer are reminded.
    Raises Conflict before it is deployed, Invalid for a day that has passed."""
    if day <= timezone.now().date():
        raise Invalid.of([FieldError("/day", "past", "choose a later day")])
    with transaction.atomic():
        held = hold(review)
        if logged_review(held).state not in RUNNING:
            raise Conflict(
                "The next review is planned once this one is deployed.",
                code="not_deployed",
            )
        held.next_review_at, held.reminded_at = day, None
        held.save(update_fields=["next_review_at", "reminded_at"])
        audit.append(
            "readiness.review.planned",
            actor=by.actor,
            object=object_of(held),
            data={"next_review": day.isoformat()},
        )
        bump(tag_of(held))


def hold(review: Review) -> Review:
    """The row, so that nobody else changes what becomes of it."""
    return (
        Review.objects.select_for_update(of=("self",))
        .select_related("version__template", "created_by")
        .get(pk=review.pk)
    )


def enter(
    held: Review,
    state: Review.State,
    *,
    at: datetime,
    by: User | None,
    reason: str = "",
    cause: Review | None = None,
    job: str = "",
) -> None:
    """Store the state of a held review, with its event. Raises Conflict where it may
    not follow the one that is stored."""
    was = logged_review(held).state
    if not may_follow(was, state):
        raise Conflict(
            f"{how_it_ended(held)} It does not become {state} any more.",
            code="review_ended",
        )
    salt = secrets.token_bytes(32)
    held.state = state
    if was in LIVING:
        held.ended_at = at
    # Its moment is told, for its facts are read as of then.
    told = {"was": str(was), "as_of": stamp(at)}
    held.save(update_fields=["state", "ended_at"])
    Transition.objects.create(
        review=held, state=state, at=at, by=by, reason=reason, salt=salt, cause=cause
    )
    if reason:
        told["reason_hmac"] = salted_hex(salt, reason)
    if cause is not None:
        told["cause"] = str(cause.uuid)
    audit.append(
        f"readiness.review.{state}",
        actor=by.actor if by else f"j:{job}",
        object=object_of(held),
        data=told,
    )
    bump(tag_of(held), REVIEWS)


def _end(review: Review, state: Review.State, reason: str, by: User) -> Review:
    if faults := list(sentence_faults(reason, "reason", "say why")):
        raise Invalid.of(faults)
    with transaction.atomic():
        held = hold(review)
        enter(held, state, at=timezone.now(), by=by, reason=reason.strip())
    return held


def _hold_with_siblings(review: Review) -> Review:
    """In the order of their ids, so that two who deploy at once wait for each other and
    do not lock each other out."""
    siblings = Review.objects.select_for_update(of=("self",)).filter(
        version__template=review.version.template,
        environment=review.environment,
        state__in=LIVING,
    )
    list(siblings.order_by("pk"))
    return hold(review)


def _older(held: Review) -> list[Review]:
    older = Review.objects.filter(
        version__template=held.version.template,
        environment=held.environment,
        state__in=LIVING,
        pk__lt=held.pk,
    )
    rows = list(older.select_related("version__template").order_by("pk"))
    logs = logged_reviews(rows)
    return [row for row in rows if logs[row.pk].state in LIVING]
