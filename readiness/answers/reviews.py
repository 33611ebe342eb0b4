"""What the API answers about reviews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from kernel.schema import Answer
from readiness.domain.reviews import Environment, ReviewState
from readiness.queries.board import Board
from readiness.queries.progress import SignoffProgress, state_of
from readiness.queries.records import named


@dataclass(frozen=True, kw_only=True)
class VerdictAnswer(Answer):
    """May we go live? `blockers` counts the lines that say no."""

    ready: bool
    blockers: int


@dataclass(frozen=True, kw_only=True)
class CountsAnswer(Answer):
    """Lines inside readiness by state."""

    proven: int
    stale: int
    claimed: int
    unclaimed: int
    failed: int
    waived: int
    not_applicable: int


@dataclass(frozen=True, kw_only=True)
class SignatureCountAnswer(Answer):
    valid: int
    required: int


@dataclass(frozen=True, kw_only=True)
class ReviewAnswer(Answer):
    """A checklist held against one release, commit and environment. While anything
    `differs`, it is neither ready nor approved."""

    id: UUID
    template: Annotated[str, "the template's slug"]
    template_version: int
    release: str
    commit: str
    environment: Environment
    state: ReviewState
    verdict: VerdictAnswer
    counts: CountsAnswer
    signatures: SignatureCountAnswer
    created_at: datetime
    differs: Annotated[Sequence[str], "what the database says, and the log does not"]

    @classmethod
    def of(cls, board: Board, progress: SignoffProgress) -> ReviewAnswer:
        review = board.review
        return cls(
            id=review.uuid,
            template=review.version.template.slug,
            template_version=review.version.number,
            release=review.release,
            commit=review.commit,
            environment=Environment(review.environment),
            state=state_of(board, progress),
            verdict=VerdictAnswer(
                ready=board.verdict.ready, blockers=len(board.verdict.blockers)
            ),
            counts=CountsAnswer(**board.counts.as_dict()),
            signatures=SignatureCountAnswer(
                valid=progress.signatures.value, required=progress.signatures.of
            ),
            created_at=review.created_at,
            differs=named(board.differences),
        )


@dataclass(frozen=True, kw_only=True)
class ReviewList(Answer):
    reviews: Sequence[ReviewAnswer]
    next_cursor: str | None
