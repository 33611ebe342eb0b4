"""What the API answers about what became of a review."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from kernel.schema import Answer
from readiness.domain.lifecycle import FollowUpState, FollowUpWindow
from readiness.domain.reviews import ReviewState
from readiness.models import Transition
from readiness.queries.board import Board
from readiness.queries.lifecycle import Lifecycle, ShownFollowUp, why_not_deployed_now
from readiness.queries.progress import SignoffProgress, state_of


@dataclass(frozen=True, kw_only=True)
class TransitionAnswer(Answer):
    """A state that was stored, and by whom."""

    state: ReviewState
    at: datetime
    by: Annotated[str | None, "null: the product itself"]
    reason: str
    cause: Annotated[UUID | None, "the review whose deployment superseded this one"]

    @classmethod
    def of(cls, row: Transition) -> TransitionAnswer:
        return cls(
            state=ReviewState(row.state),
            at=row.at,
            by=row.by.username if row.by else None,
            reason=row.reason,
            cause=row.cause.uuid if row.cause else None,
        )


@dataclass(frozen=True, kw_only=True)
class FollowUpAnswer(Answer):
    """Looking again when `window` is over: before `due_at` nobody can answer it."""

    id: str
    window: FollowUpWindow
    due_at: datetime
    state: FollowUpState
    done_at: datetime | None
    done_by: str | None
    note: str

    @classmethod
    def of(cls, shown: ShownFollowUp) -> FollowUpAnswer:
        row = shown.row
        return cls(
            id=str(row.pk),
            window=FollowUpWindow(row.window),
            due_at=row.due_at,
            state=shown.state,
            done_at=row.done_at,
            done_by=row.done_by.username if row.done_by else None,
            note=row.note,
        )


@dataclass(frozen=True, kw_only=True)
class LifecycleAnswer(Answer):
    """What became of a review, oldest first; `not_deployable` says what stands between
    it and its deployment, null where nothing does."""

    review: UUID
    state: ReviewState
    not_deployable: str | None
    transitions: Sequence[TransitionAnswer]
    follow_ups: Sequence[FollowUpAnswer]
    next_review: Annotated[date | None, "null before it is deployed"]

    @classmethod
    def of(
        cls, board: Board, progress: SignoffProgress, shown: Lifecycle
    ) -> LifecycleAnswer:
        return cls(
            review=board.review.uuid,
            state=state_of(board, progress),
            not_deployable=why_not_deployed_now(board, progress) or None,
            transitions=[TransitionAnswer.of(row) for row in shown.transitions],
            follow_ups=[FollowUpAnswer.of(each) for each in shown.follow_ups],
            next_review=board.review.next_review_at,
        )
