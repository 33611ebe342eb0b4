"""One line of a review, and what was recorded and said about it."""

from __future__ import annotations

import uuid

from django.db.models import Case, QuerySet, Subquery, When

from kernel.errors import NotFound
from readiness.models import Comment, Evidence, ReviewItem
from readiness.queries.reviews import living_first
from readiness.queries.structure import structure


def find_item(item: int, review: uuid.UUID | None = None) -> ReviewItem:
    """One item with its review, in one query; raises NotFound.

    `newest` on it says whether badges speak of its review.
    """
    return found(lines(), item, review)


def lines() -> QuerySet[ReviewItem]:
    """Lines as find_item() has them."""
    newest = living_first().values("pk")[:1]
    return ReviewItem.objects.select_related(
        "review__version__template", "item__section", "claimed_by", "changed_by"
    ).annotate(newest=Case(When(review=Subquery(newest), then=True), default=False))


def found(
    rows: QuerySet[ReviewItem], item: int, review: uuid.UUID | None
) -> ReviewItem:
    """The one of these; raises NotFound."""
    if review is not None:
        rows = rows.filter(review__uuid=review)
    line = rows.filter(pk=item).first()
    if line is None:
        raise NotFound("There is no such item.", code="not_found")
    return line


def evidence_of(item: ReviewItem, limit: int = 50) -> list[Evidence]:
    """The newest records, of probes and persons."""
    return list(_evidence(item)[:limit])


def find_evidence(item: ReviewItem, evidence: int) -> Evidence:
    """One record of the line; raises NotFound."""
    record = _evidence(item).filter(pk=evidence).first()
    if record is None:
        raise NotFound("There is no such evidence here.", code="not_found")
    return record


def _evidence(item: ReviewItem) -> QuerySet[Evidence]:
    return Evidence.objects.filter(review_item=item).select_related(
        "filed_by", "confirmation__by"
    )


def comments_of(item: ReviewItem) -> list[Comment]:
    return list(Comment.objects.filter(review_item=item).select_related("author"))


def with_children(item: ReviewItem) -> list[ReviewItem]:
    """The line and all that stands under it, in document order."""
    shapes = structure(item.review.version)
    family = {item.item.key}
    for shape in shapes.items:  # a parent stands before its children
        if shape.parent in family:
            family.add(shape.key)
    return list(
        item.review.items.filter(item__key__in=family)
        .select_related("item__section")
        .order_by("item__position")
    )
