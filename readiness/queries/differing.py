"""Every row of readiness that says something else than its event, for whoever verifies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from audit import queries as audit
from kernel.batches import batched
from readiness.domain.logged import OPENED
from readiness.domain.state import FORGED
from readiness.models import Review
from readiness.queries.board import LOG_BROKEN, Board, BoardRow, boards
from readiness.queries.lifecycle import lifecycle
from readiness.queries.reviews import object_of
from readiness.queries.signatures import ReviewSignatures, signatures_of

AT_ONCE = 20  # reviews


def differing(at: datetime) -> Iterator[str]:
    """One sentence each, review by review, the oldest first, then those that are gone;
    about ten queries for each review. What is wrong with the log itself is not repeated.
    """
    keys = Review.objects.order_by("pk").values_list("pk", flat=True)
    for some in batched(list(keys), AT_ONCE):
        reviews = Review.objects.filter(pk__in=some).select_related(
            "version__template", "created_by"
        )
        shown = boards(list(reviews.order_by("pk")), at)
        signed = signatures_of(list(shown.values()))
        for key, board in shown.items():
            yield from _of_review(board, signed[key], at)
    yield from _gone()


def _gone() -> Iterator[str]:
    """Nobody deletes a review; one that went wrong may be wished away."""
    there = {object_of(review) for review in Review.objects.only("uuid").iterator()}
    for name in sorted(audit.objects_of(OPENED) - there):
        yield f"{name.replace(':', ' ')} is gone: the log tells of its opening"


def _of_review(board: Board, signed: ReviewSignatures, at: datetime) -> Iterator[str]:
    review = board.review
    name = f"review {review.uuid} ({review.release} to {review.environment})"
    differences = map(str, lifecycle(board, at).differences)
    yield from (
        f"{name}: {each}" for each in differences if not each.startswith(LOG_BROKEN)
    )
    yield from (f"{name}: {each}" for each in _of_signatures(signed))
    if board.log.ended_at is None:
        yield from (
            f"{name}: {row.key}: {FORGED}" for row in board.rows if _forged(row)
        )


def _of_signatures(signed: ReviewSignatures) -> Iterator[str]:
    for each in signed.signed:
        for fault in (*each.faults, *each.altered):
            yield f"the signature as {each.signed.role}: {fault}"
    for event in signed.missing:
        yield f"the signature as {event.role} of log entry {event.seq} is gone"


def _forged(row: BoardRow) -> bool:
    records = [
        record
        for standing in row.standings
        if standing.check_of_id
        for record in (standing.latest, standing.conclusive)
    ]
    return not all(record.is_sealed for record in records if record)
