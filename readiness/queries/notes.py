"""Notes and known issues of a review."""

from __future__ import annotations

from uuid import UUID

from django.db.models import QuerySet

from kernel.errors import NotFound
from readiness.models import Review, ReviewNote


def notes_of(review: Review) -> QuerySet[ReviewNote]:
    """In the order in which they were written; few, for few are ever taken."""
    rows = ReviewNote.objects.filter(review=review)
    return rows.select_related("author", "resolved_by")


def find_note(pk: int, review: UUID | None = None) -> ReviewNote:
    """With its review. Raises NotFound."""
    rows = ReviewNote.objects.select_related("review", "author", "resolved_by")
    if review is not None:
        rows = rows.filter(review__uuid=review)
    note = rows.filter(pk=pk).first()
    if note is None:
        raise NotFound("There is no such note.", code="not_found")
    return note
