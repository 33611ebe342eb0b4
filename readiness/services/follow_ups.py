"""Looking again after a deployment: what was seen, and the review's last state."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from audit.domain.canonical import salted_hex
from kernel.cache import bump
from kernel.errors import Conflict, Invalid
from readiness.domain.lifecycle import LENGTH, FollowUpWindow, sentence_faults
from readiness.domain.logged import ANSWERED, LoggedReview
from readiness.domain.reviews import ReviewState
from readiness.models import FollowUp, Review
from readiness.queries.logged import logged_review
from readiness.queries.reviews import object_of
from readiness.services.lifecycle import enter, hold
from readiness.services.reviews import tag_of

State = Review.State


def answer(follow_up: FollowUp, note: str, by: User) -> Review:
    """Say what was seen; the last answer closes the review.

    Raises Invalid without a note, Conflict before its window is over, for one that was
    answered already, and for a review that was invalidated.
    """
    if faults := list(sentence_faults(note, "note", "say what you saw")):
        raise Invalid.of(faults)
    now = timezone.now()
    salt = secrets.token_bytes(32)
    with transaction.atomic():
        review = hold(follow_up.review)
        log = logged_review(review)
        _refuse(log, FollowUpWindow(follow_up.window), now)
        FollowUp.objects.filter(pk=follow_up.pk).update(
            done_at=now, done_by=by, note=note.strip(), salt=salt
        )
        audit.append(
            ANSWERED,
            actor=by.actor,
            object=object_of(review),
            data={
                "follow_up": str(follow_up.pk),
                "window": follow_up.window,
                "note_hmac": salted_hex(salt, note.strip()),
            },
        )
        if log.state is ReviewState.DEPLOYED:
            enter(review, State.MONITORING, at=now, by=by)
        if not logged_review(review).unanswered:
            enter(review, State.CLOSED, at=timezone.now(), by=by)
        bump(tag_of(review))
    return review


def _refuse(log: LoggedReview, window: FollowUpWindow, now: datetime) -> None:
    """By the log's word: what the database alone says was not answered."""
    if log.state is ReviewState.INVALIDATED:
        raise Conflict("This review was invalidated.", code="review_ended")
    deployed = log.became(ReviewState.DEPLOYED)
    if deployed is None:
        raise Conflict("The log does not tell of its deployment.", code="not_deployed")
    due_at = deployed.at + LENGTH[window]
    if now < due_at:
        raise Conflict(
            f"Its window of {window} ends on {due_at:%Y-%m-%d %H:%M} UTC: nobody can "
            "tell of it before.",
            code="too_early",
        )
    if window in log.answers:
        raise Conflict("It was answered already.", code="answered")
