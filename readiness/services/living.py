"""A review takes changes only while it lives, and ends once.

Whoever changes anything of a review holds its row until the change is committed, so that
the review cannot end between the look at it and the change.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import transaction

from kernel.errors import Conflict
from readiness.models import Review, ReviewItem
from readiness.models.reviews import LIVING
from readiness.queries.item import found, lines
from readiness.queries.transitions import how_it_ended


def refuse_ended(review: Review) -> None:
    """Raises Conflict for a review whose facts are final: why, and by whom."""
    if review.state not in LIVING:
        raise Conflict(
            f"{how_it_ended(review)} It takes no more changes.", code="review_ended"
        )


def hold_living(**wanted: object) -> list[Review]:
    """Those of these reviews that take changes, held until the transaction ends; in the
    order of their ids, so that two who hold several wait for each other."""
    rows = Review.objects.select_for_update().filter(state__in=LIVING, **wanted)
    return list(rows.order_by("pk"))


@contextmanager
def changing(review: Review) -> Iterator[Review]:
    """The transaction of a change of a review, and the review as it is held. Raises
    Conflict as refuse_ended()."""
    refuse_ended(review)
    with transaction.atomic():
        held = Review.objects.select_for_update().get(pk=review.pk)
        refuse_ended(held)
        yield held


@contextmanager
def changing_line(item: int, review: UUID | None = None) -> Iterator[ReviewItem]:
    """The transaction of a change of one line, which is found in the query that holds its
    review. Only the review is read anew where it had to wait: the line is changed by
    compare-and-set. Raises NotFound, and Conflict as refuse_ended()."""
    with transaction.atomic():
        line = found(lines().select_for_update(of=("review",)), item, review)
        refuse_ended(line.review)
        yield line
