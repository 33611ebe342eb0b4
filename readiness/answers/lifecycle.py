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
from readiness.queries.board import Board
from readiness.queries.follow_ups import ShownFollowUp
from readiness.queries.lifecycle import Lifecycle, why_not_deployed_now
from readiness.queries.progress import SignoffProgress, state_of
from readiness.queries.records import named
from readiness.queries.transitions import ShownTransition


@dataclass(frozen=True, kw_only=True)
class TransitionAnswer(Answer):
    """A state that was stored, and by whom."""

    state: ReviewState
    at: datetime
    by: Annotated[str | None, "null: the product itself"]
    reason: str
    cause: Annotated[UUID | None, "the review whose deployment superseded this one"]

    @classmethod
    def of(cls, shown: ShownTransition) -> TransitionAnswer:
        return cls(
            state=shown.state,
            at=shown.at,
            by=shown.by or None,
            reason=shown.reason,
            cause=shown.cause.uuid if shown.cause else None,
        )


@dataclass(frozen=True, kw_only=True)
class FollowUpAnswer(Answer):
    """Looking again when `window` is over: before `due_at` nobody can answer it."""

    id: Annotated[str, "empty: its row is gone, and the log tells of it"]
    window: FollowUpWindow
    due_at: datetime
    state: FollowUpState
    done_at: datetime | None
    done_by: str | None
    note: str

    @classmethod
    def of(cls, shown: ShownFollowUp, done_by: str) -> FollowUpAnswer:
        return cls(
            id=str(shown.row.pk) if shown.row else "",
            window=shown.window,
            due_at=shown.due_at,
            state=shown.state,
            done_at=shown.done_at,
            done_by=done_by or None,
            note=shown.note,
        )


@dataclass(frozen=True, kw_only=True)
class LifecycleAnswer(Answer):
    """What became of a review by the log's word, oldest first; `not_deployable` says
    what stands between it and its deployment, null where nothing does."""

    review: UUID
    state: ReviewState
    not_deployable: str | None
    transitions: Sequence[TransitionAnswer]
    follow_ups: Sequence[FollowUpAnswer]
    next_review: Annotated[date | None, "null before it is deployed"]
    differs: Annotated[Sequence[str], "what the database says, and the log does not"]

    @classmethod
    def of(
        cls, board: Board, progress: SignoffProgress, shown: Lifecycle
    ) -> LifecycleAnswer:
        return cls(
            review=board.review.uuid,
            state=state_of(board, progress),
            not_deployable=why_not_deployed_now(board, progress) or None,
            transitions=[TransitionAnswer.of(row) for row in shown.transitions],
            follow_ups=[
                FollowUpAnswer.of(each, shown.answered_by(each))
                for each in shown.follow_ups
            ],
            next_review=board.review.next_review_at,
            differs=named(shown.differences),
        )
