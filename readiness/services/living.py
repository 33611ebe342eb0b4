"""A review takes changes only while it lives, and ends once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from kernel.errors import Conflict
from readiness.models import Review
from readiness.models.reviews import LIVING
from readiness.queries.lifecycle import how_it_ended


def refuse_ended(review: Review) -> None:
    """Raises Conflict for a review whose facts are final: why, and by whom."""
    if review.state not in LIVING:
        raise Conflict(
            f"{how_it_ended(review)} It takes no more changes.", code="review_ended"
        )


@contextmanager
def changing(review: Review) -> Iterator[None]:
    """The transaction of a change: the review is held, so that it cannot end between
    the look at it and the change. Raises Conflict as refuse_ended()."""
    refuse_ended(review)
    with transaction.atomic():
        refuse_ended(Review.objects.select_for_update().get(pk=review.pk))
        yield
