"""What should be measured next: the checks of living reviews of this commit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from kernel.registry import PROBES
from readiness.domain.lifecycle import LENGTH, FollowUpWindow, asked_over, window_of
from readiness.domain.logged import LoggedReview
from readiness.domain.reviews import ReviewState
from readiness.domain.state import FOLLOW_UP
from readiness.domain.verdicts import due_at
from readiness.models import Check, Evidence, Review, ReviewItem, Standing
from readiness.models.reviews import LIVING
from readiness.queries.logged import logged_reviews
from readiness.queries.structure import CheckShape, ItemShape, shape_of, structure

FOLLOWED = (Review.State.DEPLOYED, Review.State.MONITORING)
REVIEWS = 20  # deployed ones of one commit and place
# What is long, comes once a line and judges nothing: of a checklist as it was imported,
# and of the record that was conclusive, whose verdict is asked alone.
DOCUMENT = tuple(
    f"review__version__{name}" for name in ("source", "header", "repair", "report")
)
UNREAD = tuple(
    f"conclusive__{name}" for name in ("summary", "reason", "params", "facts")
)


@dataclass(frozen=True)
class WatchedCheck:
    """A check of a living review with the record that counts, if any."""

    review: Review
    item: ReviewItem
    key: str
    check: Check
    standing: Standing | None

    @cached_property
    def latest(self) -> Evidence | None:
        """The newest record; one that this product did not write is none."""
        latest = self.standing.latest if self.standing else None
        return latest if latest and latest.is_sealed else None

    @property
    def as_published(self) -> bool:
        """What is asked is what was published: a limit that was lowered since judges
        nothing. No query after the first of a process."""
        shapes = structure(self.review.version)
        shape = shapes.by_id.get(self.item.item_id)
        checks = shape.checks if shape else ()
        return not shapes.differs and shape_of(self.check) in checks

    def due(
        self,
        at: datetime,
        measured_at: datetime | None = None,
        configuration: str = "",
    ) -> bool:
        """Should it be measured now? `measured_at`: of the newest result, which
        may be newer than the newest record. What was seen with other settings than
        those with the digest `configuration` is asked for at once."""
        latest = self.latest
        if latest is None or _seen_otherwise(latest, configuration):
            return measured_at is None
        seen_at = max(latest.observed_at, measured_at or latest.observed_at)
        return at >= due_at(
            latest.verdict, seen_at, self.check.freshness, latest.observed_at
        )


def _seen_otherwise(latest: Evidence, configuration: str) -> bool:
    seen = latest.configuration
    return bool(configuration and seen) and seen != configuration


def watched_checks(commit: str, environment: str) -> list[WatchedCheck]:
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
        .select_related("review__version", "item")
        .defer(*DOCUMENT)
        .distinct()
    }
    checks: dict[int, list[Check]] = {}
    for check in Check.objects.filter(item__in={item for _, item in items}):
        checks.setdefault(check.item_id, []).append(check)
    standings = {
        (row.review_item_id, row.check_of_id): row
        for row in Standing.objects.filter(
            review_item__review__in=living, check_of__isnull=False
        )
        .select_related("latest", "conclusive")
        .defer(*UNREAD)
    }
    return [
        WatchedCheck(
            row.review, row, row.item.key, check, standings.get((row.pk, check.pk))
        )
        for (_, item), row in items.items()
        for check in checks.get(item, ())
        if counts_here(check.probe, row.review.environment, environment)
    ]


def counts_here(probe: str, of_review: str, here: str) -> bool:
    """Evidence about files counts in every environment of its commit, about a
    running product only in its own. An unknown probe is judged everywhere."""
    known = PROBES.get(probe)
    return known is None or known.about == "files" or of_review == here


@dataclass(frozen=True)
class FollowedCheck(WatchedCheck):
    """A check of a line of a follow-up whose window has ended: what its probe is asked,
    and what seen since counts."""

    window: FollowUpWindow
    params: Mapping[str, str]
    since: datetime


def followed_checks(at: datetime, commit: str, environment: str) -> list[FollowedCheck]:
    """Checks of follow-ups that are due, of deployed reviews of which a product that
    runs this commit here can tell, without a pass or fail over the window yet. Three
    queries, and the template's structure."""
    reviews = list(
        Review.objects.filter(
            state__in=FOLLOWED, commit=commit, environment=environment
        ).select_related("version__template")[:REVIEWS]
    )
    logs = logged_reviews(reviews)
    asked = [
        each for review in reviews for each in _due_lines(review, logs[review.pk], at)
    ]
    items = {
        (row.review_id, row.item_id): row
        for row in ReviewItem.objects.filter(
            review__in=reviews, item__in={shape.id for _, shape, _, _ in asked}
        )
        .select_related("review__version__template", "item")
        .defer(*DOCUMENT)
    }
    standings = {
        (row.review_item_id, row.check_of_id): row
        for row in Standing.objects.filter(
            review_item__in=items.values(), check_of__isnull=False
        )
        .select_related("latest", "conclusive")
        .defer(*UNREAD)
    }
    checks = Check.objects.in_bulk([check.id for _, _, check, _ in asked])
    return [
        FollowedCheck(
            review=review,
            item=item,
            key=shape.key,
            check=checks[check.id],
            standing=standings.get((item.pk, check.id)),
            window=window,
            params=params,
            since=since,
        )
        for review, shape, check, (window, params, since) in asked
        if (item := items.get((review.pk, shape.id)))
        and not _answered(logs[review.pk], item, check)
    ]


_Window = tuple[FollowUpWindow, Mapping[str, str], datetime]


def _due_lines(
    review: Review, log: LoggedReview, at: datetime
) -> Iterator[tuple[Review, ItemShape, CheckShape, _Window]]:
    deployed = log.became(ReviewState.DEPLOYED)
    if deployed is None or log.state not in {
        ReviewState.DEPLOYED,
        ReviewState.MONITORING,
    }:
        return
    for shape in structure(review.version).items:
        if shape.section.kind != FOLLOW_UP:
            continue
        window = window_of(shape.section.title)
        end = deployed.at + LENGTH[window]
        if end > at:
            continue
        for check in shape.checks:
            params = asked_over(check.probe, check.params, window, end)
            yield review, shape, check, (window, params, deployed.at)


def _answered(log: LoggedReview, item: ReviewItem, check: CheckShape) -> bool:
    question = (str(item.pk), check.probe, check.definition_sha256)
    return question in log.followed
