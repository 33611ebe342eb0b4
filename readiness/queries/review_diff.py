"""A review held against another of the same checklist."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from kernel.errors import Invalid
from kernel.registry import probe_title
from readiness.domain.review_diff import LineFacts, ReviewDiff, differences
from readiness.models import Review
from readiness.queries.board import Board, BoardRow, boards
from readiness.queries.reviews import find_review


@dataclass(frozen=True)
class ComparedReviews:
    """`against` None: there is no earlier review of this checklist, and no difference."""

    review: Review
    against: Review | None
    diff: ReviewDiff


def compared(review: Review, against: UUID | None, at: datetime) -> ComparedReviews:
    """Against the review of the same checklist that was opened last before it, unless
    another is named. Raises NotFound for one that is not there, Invalid for one of
    another checklist: keys mean something else there."""
    other = find_review(against) if against else last_before(review)
    if other is None:
        return ComparedReviews(review, None, ReviewDiff((), (), ()))
    if other.version.template_id != review.version.template_id:
        raise Invalid("That review is of another checklist.", code="checklist")
    shown = boards([review, other], at)
    diff = differences(_lines(shown[other.pk]), _lines(shown[review.pk]))
    return ComparedReviews(review, other, diff)


def last_before(review: Review) -> Review | None:
    rows = Review.objects.filter(
        version__template=review.version.template_id, pk__lt=review.pk
    )
    return (
        rows.select_related("version__template", "created_by").order_by("-pk").first()
    )


def _lines(board: Board) -> dict[str, LineFacts]:
    return {row.key: _line(row) for row in board.rows}


def _line(row: BoardRow) -> LineFacts:
    seen = row.evidence
    source = (probe_title(seen.probe) if seen.probe else seen.kind) if seen else ""
    said = f"{source}: {seen.verdict}" if seen else "none"
    return LineFacts(
        key=row.key,
        title=row.shape.title,
        state=str(row.state),
        claim=row.claimed_by or "nobody",
        evidence=said,
    )
