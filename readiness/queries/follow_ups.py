"""How the follow-ups of deployed reviews stand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from kernel.errors import NotFound
from readiness.domain.lifecycle import (
    RUNNING,
    FollowUpState,
    FollowUpWindow,
    follow_up_state,
)
from readiness.domain.state import ItemState
from readiness.models import FollowUp, Review

# A follow-up as the lines of its section show it: waiting, too, is not done yet.
OF_LINES: Mapping[FollowUpState, ItemState] = {
    FollowUpState.WAITING: ItemState.OPEN,
    FollowUpState.OPEN: ItemState.OPEN,
    FollowUpState.OVERDUE: ItemState.OVERDUE,
    FollowUpState.DONE: ItemState.DONE,
}
ASKED = (Review.State.DEPLOYED, Review.State.MONITORING)


def follow_up_lines(
    reviews: Sequence[Review], at: datetime
) -> dict[int, dict[FollowUpWindow, ItemState]]:
    """{review: {window: the state of its lines}}; a query where one was deployed."""
    ids = [review.pk for review in reviews if review.state in RUNNING]
    lines: dict[int, dict[FollowUpWindow, ItemState]] = {}
    for row in FollowUp.objects.filter(review__in=ids) if ids else ():
        state = OF_LINES[follow_up_state(row.due_at, row.done_at, at)]
        lines.setdefault(row.review_id, {})[FollowUpWindow(row.window)] = state
    return lines


def find_follow_up(pk: int, review: UUID | None = None) -> FollowUp:
    """With its review. Raises NotFound."""
    rows = FollowUp.objects.select_related("review__version__template", "done_by")
    if review is not None:
        rows = rows.filter(review__uuid=review)
    row = rows.filter(pk=pk).first()
    if row is None:
        raise NotFound("There is no such follow-up.", code="not_found")
    return row


def newly_due(at: datetime, most: int) -> list[FollowUp]:
    """Those whose window is over and of which nobody was told."""
    rows = FollowUp.objects.filter(
        due_at__lte=at, done_at=None, told_at=None, review__state__in=ASKED
    ).select_related("review__created_by")
    return list(rows.order_by("due_at")[:most])
