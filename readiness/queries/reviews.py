"""Finding reviews, items, evidence, and what should be measured next."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Case, Q, QuerySet, Subquery, When

from kernel.cursor import page
from kernel.errors import NotFound
from kernel.registry import PROBES
from readiness.domain.verdicts import due_at
from readiness.models import (
    Check,
    Comment,
    Evidence,
    Review,
    ReviewItem,
    Standing,
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


@dataclass(frozen=True)
class Watched:
    """A check of a living review with the record that counts, if any."""

    review: Review
    item: ReviewItem
    key: str
    check: Check
    standing: Standing | None

    def due(self, at: datetime, measured_at: datetime | None = None) -> bool:
        """Should it be measured now? `measured_at`: of the newest result, which
        may be newer than the newest record."""
        if self.standing is None:
            return measured_at is None
        latest = self.standing.latest
        seen_at = max(latest.observed_at, measured_at or latest.observed_at)
        return at >= due_at(latest.verdict, seen_at, self.check.freshness)


def watched_checks(commit: str, environment: str) -> list[Watched]:
    """Checks that a product running this commit here can say something about.

    Checks about the running product belong to reviews of its own environment;
    checks about files to every review of the commit. Three queries.
    """
    living = Review.objects.filter(state__in=LIVING, commit=commit)
    items = {
        (row.review_id, row.item_id): row
        for row in ReviewItem.objects.filter(
            review__in=living, item__checks__isnull=False
        )
        .select_related("review", "item")
        .distinct()
    }
    checks: dict[int, list[Check]] = {}
    for check in Check.objects.filter(item__in={item for _, item in items}):
        checks.setdefault(check.item_id, []).append(check)
    standings = {
        (row.review_item_id, row.check_of_id): row
        for row in Standing.objects.filter(
            review_item__review__in=living, check_of__isnull=False
        ).select_related("latest", "conclusive")
    }
    return [
        Watched(row.review, row, row.item.key, check, standings.get((row.pk, check.pk)))
        for (_, item), row in items.items()
        for check in checks.get(item, ())
        if counts_here(check.probe, row.review.environment, environment)
    ]


def counts_here(probe: str, of_review: str, here: str) -> bool:
    """Evidence about files counts in every environment of its commit, about a
    running product only in its own. An unknown probe is judged everywhere."""
    known = PROBES.get(probe)
    return known is None or known.about == "files" or of_review == here
