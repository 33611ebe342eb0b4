"""What the API answers about work on several lines, notes and differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from kernel.schema import Answer
from readiness.answers.items import ItemAnswer
from readiness.domain.review_diff import ChangedFact, LineChange, LineFacts
from readiness.models import ReviewNote
from readiness.queries.board import Board
from readiness.queries.review_diff import ComparedReviews
from readiness.services.claims import RefusedLine


@dataclass(frozen=True, kw_only=True)
class RefusedLineAnswer(Answer):
    """A line that somebody changed meanwhile: read it again."""

    item: str
    key: str
    detail: str

    @classmethod
    def of(cls, refused: RefusedLine) -> RefusedLineAnswer:
        line = refused.line
        return cls(item=str(line.pk), key=line.item.key, detail=refused.error.detail)


@dataclass(frozen=True, kw_only=True)
class ClaimsAnswer(Answer):
    """Every line that was asked for stands in one of both."""

    claimed: Sequence[ItemAnswer]
    refused: Sequence[RefusedLineAnswer]


@dataclass(frozen=True, kw_only=True)
class SectionAnswer(Answer):
    slug: str
    title: str
    owner: Annotated[str | None, "whose its lines are; never signed"]
    lines: int
    proven: int


@dataclass(frozen=True, kw_only=True)
class SectionList(Answer):
    """All sections of a review, in document order."""

    sections: Sequence[SectionAnswer]

    @classmethod
    def of(cls, board: Board) -> SectionList:
        return cls(
            sections=[
                SectionAnswer(
                    slug=section.shape.slug,
                    title=section.shape.title,
                    owner=board.owners.get(section.shape.slug),
                    lines=len(section.rows),
                    proven=section.proven,
                )
                for section in board.sections
            ]
        )


@dataclass(frozen=True, kw_only=True)
class NoteAnswer(Answer):
    """A note, or a known issue, which stands until it is resolved."""

    id: str
    kind: ReviewNote.Kind
    text: str
    author: str
    at: datetime
    resolved_at: datetime | None
    resolved_by: str | None

    @classmethod
    def of(cls, note: ReviewNote) -> NoteAnswer:
        return cls(
            id=str(note.pk),
            kind=ReviewNote.Kind(note.kind),
            text=note.text,
            author=note.author.username,
            at=note.at,
            resolved_at=note.resolved_at,
            resolved_by=note.resolved_by.username if note.resolved_by else None,
        )


@dataclass(frozen=True, kw_only=True)
class NoteList(Answer):
    notes: Sequence[NoteAnswer]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class ComparedLineAnswer(Answer):
    """A line as it is compared."""

    key: str
    title: str
    state: str
    claim: Annotated[str, "who claims it, or nobody"]
    evidence: str

    @classmethod
    def of(cls, line: LineFacts) -> ComparedLineAnswer:
        return cls(**vars(line))


@dataclass(frozen=True, kw_only=True)
class FactChangeAnswer(Answer):
    name: Annotated[str, "title, state, claim or evidence"]
    before: str
    now: str

    @classmethod
    def of(cls, change: ChangedFact) -> FactChangeAnswer:
        return cls(name=change.name, before=change.before, now=change.now)


@dataclass(frozen=True, kw_only=True)
class LineChangeAnswer(Answer):
    key: str
    title: str
    changes: Sequence[FactChangeAnswer]

    @classmethod
    def of(cls, change: LineChange) -> LineChangeAnswer:
        return cls(
            key=change.line.key,
            title=change.line.title,
            changes=[FactChangeAnswer.of(fact) for fact in change.facts],
        )


@dataclass(frozen=True, kw_only=True)
class ReviewDiffAnswer(Answer):
    """What differs from another review of the same checklist."""

    review: UUID
    against: Annotated[UUID | None, "null: there is no earlier one"]
    added: Sequence[ComparedLineAnswer]
    removed: Sequence[ComparedLineAnswer]
    changed: Sequence[LineChangeAnswer]

    @classmethod
    def of(cls, compared: ComparedReviews) -> ReviewDiffAnswer:
        diff = compared.diff
        return cls(
            review=compared.review.uuid,
            against=compared.against.uuid if compared.against else None,
            added=[ComparedLineAnswer.of(line) for line in diff.added],
            removed=[ComparedLineAnswer.of(line) for line in diff.removed],
            changed=[LineChangeAnswer.of(change) for change in diff.changed],
        )
