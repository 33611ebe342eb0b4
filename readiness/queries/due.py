"""What should be measured next: the checks of living reviews of this commit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from kernel.registry import PROBES
from readiness.domain.verdicts import due_at
from readiness.models import Check, Review, ReviewItem, Standing
from readiness.models.reviews import LIVING


@dataclass(frozen=True)
class WatchedCheck:
    """A check of a living review with the record that counts, if any."""

    review: Review
    item: ReviewItem
    key: str
    check: Check
    standing: Standing | None

    def due(
        self,
        at: datetime,
        measured_at: datetime | None = None,
        configuration: str = "",
    ) -> bool:
        """Should it be measured now? `measured_at`: of the newest result, which
        may be newer than the newest record. What was seen with other settings than
        those with the digest `configuration` is asked for at once."""
        if self.standing is None or self._seen_otherwise(configuration):
            return measured_at is None
        latest = self.standing.latest
        seen_at = max(latest.observed_at, measured_at or latest.observed_at)
        return at >= due_at(
            latest.verdict, seen_at, self.check.freshness, latest.observed_at
        )

    def _seen_otherwise(self, configuration: str) -> bool:
        latest = self.standing.latest if self.standing else None
        seen = latest.configuration if latest else ""
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
