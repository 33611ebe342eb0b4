"""What time does to reviews: they expire undeployed, their follow-ups open, and the
next review comes. Told by mail to who opened and who deployed."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.urls import reverse

from kernel.cache import bump
from kernel.registry import Letter, post
from kernel.web import own_origin
from readiness.domain.lifecycle import UNDEPLOYED
from readiness.domain.reviews import ReviewState
from readiness.models import FollowUp, Review
from readiness.models.reviews import LIVING
from readiness.queries.follow_ups import newly_due
from readiness.queries.lifecycle import concerned, to_remind, undeployed
from readiness.queries.logged import logged_review
from readiness.services.lifecycle import enter, hold
from readiness.services.reviews import tag_of

AT_ONCE = 100
JOB = "readiness.lifecycle"
State = Review.State


def expire(now: datetime) -> int:
    """End reviews that waited too long for their deployment."""
    return sum(_expire(row, now) for row in undeployed(now - UNDEPLOYED, AT_ONCE))


def open_follow_ups(now: datetime) -> int:
    """Write once to people that a follow-up's window is over; the first one makes the
    review monitored."""
    return sum(_open(row, now) for row in newly_due(now, AT_ONCE))


def remind(now: datetime) -> int:
    """Write once that the next review has come."""
    return sum(_remind(row, now) for row in to_remind(now, AT_ONCE))


def _expire(review: Review, now: datetime) -> bool:
    with transaction.atomic():
        held = hold(review)
        if not {held.state, logged_review(held).state} <= set(LIVING):
            return False
        why = f"it was not deployed within {UNDEPLOYED.days} days of its opening."
        enter(held, State.EXPIRED, at=now, by=None, reason=why, job=JOB)
    return True


def _open(follow_up: FollowUp, now: datetime) -> bool:
    with transaction.atomic():
        review = hold(follow_up.review)
        untold = FollowUp.objects.filter(pk=follow_up.pk, told_at=None)
        if not untold.update(told_at=now):
            return False
        if logged_review(review).state is ReviewState.DEPLOYED:
            enter(review, State.MONITORING, at=now, by=None, job=JOB)
        _write(
            review,
            kind="follow-up-due",
            about=f"follow-up:{follow_up.pk}",
            subject=f"{review}: the follow-up after {follow_up.window} is open",
            text=f"{follow_up.window} after the deployment of {review} are over. "
            "Look at it, and say within a day what you saw.",
        )
        bump(tag_of(review))
    return True


def _remind(review: Review, now: datetime) -> bool:
    with transaction.atomic():
        # Somebody may have planned a later day meanwhile.
        unreminded = Review.objects.filter(
            pk=review.pk, reminded_at=None, next_review_at=review.next_review_at
        )
        if not unreminded.update(reminded_at=now):
            return False
        _write(
            review,
            kind="next-review",
            about=f"review:{review.uuid} {review.next_review_at}",
            subject=f"{review}: the next review is due",
            text=f"{review} was to be reviewed again on {review.next_review_at}. "
            "Open a review, or plan a later day.",
        )
    return True


def _write(review: Review, *, kind: str, about: str, subject: str, text: str) -> None:
    where = reverse("readiness:lifecycle", args=[review.uuid])
    for person in concerned(review):
        post(
            Letter(
                kind=kind,
                about=about,
                recipient=person.username,
                address=person.email,
                subject=subject,
                body=f"{text}\n\n{own_origin()}{where}\n",
            )
        )
