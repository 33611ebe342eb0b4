"""Finding reviews, items, evidence, and what should be measured next."""

from __future__ import annotations

import uuid

from django.db.models import Case, Q, QuerySet, Subquery, When

from kernel.cursor import page
from kernel.errors import NotFound
from readiness.models import (
    Comment,
    Evidence,
    Review,
    ReviewItem,
    TemplateVersion,
    Waiver,
)
from readiness.models.reviews import LIVING


def _reviews() -> QuerySet[Review]:
    return Review.objects.select_related("version__template", "created_by")


def reviews(limit: int, cursor: str = "") -> tuple[list[Review], str | None]:
    """Newest first, and the cursor of the next page."""
    return page(_reviews(), field="created_at", limit=limit, cursor=cursor)


def find_review(given: str | uuid.UUID) -> Review:
    """Raises NotFound, also for what is no id."""
    try:
        wanted = given if isinstance(given, uuid.UUID) else uuid.UUID(given)
    except ValueError:
        wanted = uuid.UUID(int=0)
    review = _reviews().filter(uuid=wanted).first()
    if review is None:
        raise NotFound("There is no such review.", code="not_found")
    return review


def newest_living() -> Review | None:
    """The review that badges and overviews speak of."""
    return _reviews().filter(state__in=LIVING).first()


def find_item(item: int, review: uuid.UUID | None = None) -> ReviewItem:
    """One item with its review, in one query; raises NotFound.

    `newest` on it says whether badges speak of its review.
    """
    newest = Review.objects.filter(state__in=LIVING).values("pk")[:1]
    rows = ReviewItem.objects.select_related(
        "review__version__template", "item", "claimed_by", "changed_by"
    ).annotate(newest=Case(When(review=Subquery(newest), then=True), default=False))
    if review is not None:
        rows = rows.filter(review__uuid=review)
    found = rows.filter(pk=item).first()
    if found is None:
        raise NotFound("There is no such item.", code="not_found")
    return found


def evidence_of(item: ReviewItem, limit: int = 50) -> list[Evidence]:
    """The newest records, of probes and persons."""
    return list(
        Evidence.objects.filter(review_item=item).select_related(
            "filed_by", "confirmation__by"
        )[:limit]
    )


def comments_of(item: ReviewItem) -> list[Comment]:
    return list(Comment.objects.filter(review_item=item).select_related("author"))


def waivers_of(item: ReviewItem) -> list[Waiver]:
    return list(
        Waiver.objects.filter(review_item=item).select_related(
            "requested_by", "approved_by", "revoked_by"
        )
    )


def open_versions() -> list[TemplateVersion]:
    """Published versions, newest first: what a review can be opened for."""
    return list(
        TemplateVersion.objects.filter(
            state=TemplateVersion.State.PUBLISHED
        ).select_related("template")
    )


def published_version(template: str, number: int | None = None) -> TemplateVersion:
    """A template's published version by slug or id: the newest, or `number`.

    Raises NotFound.
    """
    rows = TemplateVersion.objects.filter(
        state=TemplateVersion.State.PUBLISHED
    ).select_related("template")
    same = Q(template__slug=template)
    if template.isdecimal():
        same |= Q(template__pk=int(template))
    rows = rows.filter(same)
    if number is not None:
        rows = rows.filter(number=number)
    found = rows.order_by("-number").first()
    if found is None:
        raise NotFound("There is no such published template.", code="not_found")
    return found
