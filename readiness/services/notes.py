"""Notes and known issues of a review: said about the release, never signed."""

from __future__ import annotations

import secrets

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from audit.domain.canonical import salted_hex
from kernel.cache import bump
from kernel.errors import Conflict, FieldError, Invalid
from readiness.models import Review, ReviewNote
from readiness.queries.reviews import object_of
from readiness.services.reviews import tag_of

LONGEST = 5_000
MOST = 200  # of one review: a list that a person reads


def write(review: Review, kind: str, text: str, by: User) -> ReviewNote:
    """Also once the review has ended: what is known of a release is learned then.

    Raises Invalid for no kind of note and an empty or too long one, Conflict for one
    too many."""
    said = text.strip()
    _check(kind, said)
    with transaction.atomic():
        Review.objects.select_for_update().get(pk=review.pk)
        if ReviewNote.objects.filter(review=review).count() >= MOST:
            raise Conflict(f"A review has at most {MOST} notes.", code="many")
        note = ReviewNote.objects.create(
            review=review,
            kind=kind,
            text=said,
            author=by,
            salt=secrets.token_bytes(32),
        )
        _log("written", note, by, text_hmac=salted_hex(bytes(note.salt), said))
    return note


def resolve(note: ReviewNote, by: User) -> ReviewNote:
    """A known issue is one no more. Raises Conflict for a mere note, and for one that
    was resolved already."""
    if note.kind != ReviewNote.Kind.ISSUE:
        raise Conflict("Only a known issue is resolved.", code="no_issue")
    now = timezone.now()
    with transaction.atomic():
        open_one = ReviewNote.objects.filter(pk=note.pk, resolved_at=None)
        if not open_one.update(resolved_at=now, resolved_by=by):
            raise Conflict("It was resolved already.", code="resolved")
        note.resolved_at, note.resolved_by = now, by
        _log("resolved", note, by)
    return note


def _check(kind: str, said: str) -> None:
    wrong = []
    if kind not in ReviewNote.Kind.values:
        wrong.append(FieldError("/kind", "choice", "one of note, issue"))
    if not said:
        wrong.append(FieldError("/text", "required", "say it in a sentence"))
    elif len(said) > LONGEST:
        limit = f"at most {LONGEST:,} characters, these are {len(said):,}"
        wrong.append(FieldError("/text", "length", limit))
    if wrong:
        raise Invalid.of(wrong)


def _log(verb: str, note: ReviewNote, by: User, **more: str) -> None:
    audit.append(
        f"readiness.note.{verb}",
        actor=by.actor,
        object=object_of(note.review),
        data={"note": str(note.pk), "kind": note.kind, **more},
    )
    bump(tag_of(note.review))
