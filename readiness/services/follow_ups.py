"""Looking again after a deployment: what was seen, and the review's last state."""

from __future__ import annotations

import secrets

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from audit.domain.canonical import salted_hex
from kernel.cache import bump
from kernel.errors import Conflict, Invalid
from readiness.domain.lifecycle import sentence_faults
from readiness.models import FollowUp, Review
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
    if now < follow_up.due_at:
        raise Conflict(
            f"Its window of {follow_up.window} ends on "
            f"{follow_up.due_at:%Y-%m-%d %H:%M} UTC: nobody can tell of it before.",
            code="too_early",
        )
    salt = secrets.token_bytes(32)
    with transaction.atomic():
        review = hold(follow_up.review)
        if review.state == State.INVALIDATED:
            raise Conflict("This review was invalidated.", code="review_ended")
        open_ones = FollowUp.objects.filter(review=review, done_at=None)
        if not open_ones.filter(pk=follow_up.pk).update(
            done_at=now, done_by=by, note=note.strip(), salt=salt
        ):
            raise Conflict("It was answered already.", code="answered")
        audit.append(
            "readiness.follow_up.answered",
            actor=by.actor,
            object=object_of(review),
            data={
                "follow_up": str(follow_up.pk),
                "window": follow_up.window,
                "note_hmac": salted_hex(salt, note.strip()),
            },
        )
        if review.state == State.DEPLOYED:
            enter(review, State.MONITORING, at=now, by=by)
        if not open_ones.exists():
            enter(review, State.CLOSED, at=timezone.now(), by=by)
        bump(tag_of(review))
    return review
