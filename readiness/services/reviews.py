"""Opening a review."""

from __future__ import annotations

import re
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from audit import services as audit
from kernel.cache import bump
from kernel.errors import Conflict, FieldError, Invalid
from readiness.domain import statements
from readiness.domain.reviews import (
    Environment,
    PolicyRule,
    PolicySection,
    default_policy,
)
from readiness.models import (
    Item,
    Review,
    ReviewItem,
    Section,
    SignoffPolicy,
    TemplateVersion,
)
from readiness.queries.reviews import object_of
from readiness.services.known_blanks import fill_known

COMMIT = re.compile(r"[0-9a-f]{40}")
REVIEWS = "reviews"


@dataclass(frozen=True)
class NewReview:
    """What a review is held against. `imported_ticks` takes the template's own
    ticks over as claims by `import`; they are never taken over silently."""

    version: TemplateVersion
    release: str
    commit: str
    environment: str
    imported_ticks: bool = False
    image_digest: str = ""
    is_demo: bool = False


def tag_of(review: Review) -> str:
    """The cache tag of everything that a review's page shows."""
    return f"review:{review.pk}"


def open_review(new: NewReview, by: User) -> Review:
    """Open a review with one row per item and the sign-off policy frozen.

    Raises Invalid for values that cannot be reviewed, Conflict when a living
    review holds the same version against the same release, commit and place.
    """
    _check(new)
    policy = policy_of(new.version)
    try:
        with transaction.atomic():
            review = Review.objects.create(
                version=new.version,
                release=new.release,
                commit=new.commit,
                environment=new.environment,
                image_digest=new.image_digest,
                imported_ticks=new.imported_ticks,
                is_demo=new.is_demo,
                policy=[rule.frozen() for rule in policy],
                created_by=by,
            )
            _make_items(review)
            audit.append(
                "readiness.review.opened",
                actor=by.actor,
                object=object_of(review),
                data={
                    "template": new.version.template.slug,
                    "version": str(new.version.number),
                    "release": new.release,
                    "commit": new.commit,
                    "environment": new.environment,
                    "imported_ticks": new.imported_ticks,
                    "template_sha256": new.version.sha256,
                    "policy_sha256": statements.policy_sha256(review.policy),
                    "image": new.image_digest,
                    "demo": new.is_demo,
                },
            )
            fill_known(review)
            bump(REVIEWS)
    except IntegrityError as error:
        raise Conflict(
            "A review of this template for this release, commit and environment is "
            "open already.",
            code="review_open",
        ) from error
    return review


def _make_items(review: Review) -> None:
    now = timezone.now()
    take = review.imported_ticks
    ReviewItem.objects.bulk_create(
        ReviewItem(
            review=review,
            item=item,
            claimed=take and item.imported_tick,
            claimed_by_import=take and item.imported_tick,
            claimed_at=now if take and item.imported_tick else None,
        )
        for item in Item.objects.filter(version=review.version).order_by("position")
    )


def policy_of(version: TemplateVersion) -> list[PolicyRule]:
    """The version's own sign-off policy, else the checklist's default roles."""
    own = [
        PolicyRule(row.role, tuple(row.sections), row.group, row.minimum, row.distinct)
        for row in SignoffPolicy.objects.filter(version=version)
    ]
    if own:
        return own
    used = Section.objects.filter(version=version, items__isnull=False).distinct()
    return default_policy(
        [PolicySection(row.slug, row.title, row.kind) for row in used]
    )


def _check(new: NewReview) -> None:
    wrong = []
    if new.version.state != TemplateVersion.State.PUBLISHED:
        wrong.append(FieldError("/template", "draft", "this version is not published"))
    if not new.release.strip() or len(new.release) > 80:
        wrong.append(FieldError("/release", "length", "1 to 80 characters"))
    if not new.release.isprintable():
        # It stands in subjects of letters and at the foot of documents.
        wrong.append(FieldError("/release", "control", "one line of text"))
    if not COMMIT.fullmatch(new.commit):
        wrong.append(
            FieldError("/commit", "commit", "40 lower-case hexadecimal digits")
        )
    if new.environment not in set(Environment):
        known = ", ".join(Environment)
        wrong.append(FieldError("/environment", "choice", f"one of {known}"))
    if wrong:
        raise Invalid.of(wrong)
