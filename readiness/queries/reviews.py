"""Finding reviews, and the versions that one can be opened for."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db.models import Case, Q, QuerySet, When

from kernel import build
from kernel.errors import NotFound
from kernel.numbers import whole_number
from kernel.paging import Page, newest_first
from readiness.models import Review, TemplateVersion
from readiness.models.reviews import LIVING


def _reviews() -> QuerySet[Review]:
    return Review.objects.select_related("version__template", "created_by")


def reviews(limit: int, cursor: str = "") -> Page[Review]:
    """Newest first."""
    return newest_first(_reviews(), field="created_at", limit=limit, cursor=cursor)


def find_review(given: str | uuid.UUID) -> Review:
    """Raises NotFound, also for what is no id."""
    try:
        name = given if isinstance(given, uuid.UUID) else uuid.UUID(given)
    except ValueError:
        name = uuid.UUID(int=0)
    review = _reviews().filter(uuid=name).first()
    if review is None:
        raise NotFound("There is no such review.", code="not_found")
    return review


def object_of(review: Review) -> str:
    """How the audit log names the review; events of its items name it too."""
    return f"review:{review.uuid}"


def was_reviewed(commit: str, environment: str) -> bool:
    """Whether a review of this commit was ever opened for this environment."""
    return Review.objects.filter(commit=commit, environment=environment).exists()


def living_first() -> QuerySet[Review]:
    """Living reviews in the order in which they are spoken of."""
    return _spoken_of(Q(state__in=LIVING))


def perhaps_living() -> QuerySet[Review]:
    """These, and those of the running commit and environment whose rows say that they
    have ended: whether they have is the log's word."""
    return _spoken_of(Q(state__in=LIVING) | _here())


def _spoken_of(which: Q) -> QuerySet[Review]:
    order = Case(When(_here(), then=0), default=1).asc()
    return _reviews().filter(which).order_by(order, "-created_at", "-id")


def _here() -> Q:
    return Q(commit=build.running().commit, environment=settings.RRR_ENV)


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
    number_of_template = whole_number(template)
    if number_of_template is not None:
        same |= Q(template__pk=number_of_template)
    rows = rows.filter(same)
    if number is not None:
        rows = rows.filter(number=number)
    version = rows.order_by("-number").first()
    if version is None:
        raise NotFound("There is no such published template.", code="not_found")
    return version
