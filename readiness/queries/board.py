"""All facts of a review in a fixed number of queries, and what they add up to.

Page, API, job and sign-off read the same board.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from heapq import nsmallest

from operations import queries as operations
from readiness.domain import tally
from readiness.domain.logged import LoggedReview
from readiness.domain.reviews import ReviewState
from readiness.domain.state import (
    FOLLOW_UP,
    OUTSIDE,
    SETTLED,
    DerivedState,
    ItemState,
)
from readiness.domain.verdicts import Verdict
from readiness.models import Evidence, Review, ReviewItem, Standing
from readiness.queries import records
from readiness.queries.exemptions import Exemptions, Waiting, exemptions
from readiness.queries.facts import StoredLine, facts_of
from readiness.queries.follow_ups import FollowUps, follow_ups_of
from readiness.queries.grouping import grouped
from readiness.queries.logged import read_log
from readiness.queries.people import owners_of
from readiness.queries.records import RecordDifference
from readiness.queries.structure import ItemShape, SectionShape, structure

LOG_BROKEN = "the audit log does not hold: "


@dataclass(frozen=True, kw_only=True)
class BoardRow(StoredLine):
    """One item with its claim, its records that count, and its state. `differs` is what
    of it the log does not tell: then nothing of it counts."""

    derived: DerivedState
    waiting: Sequence[Waiting] = ()
    differs: Sequence[str] = ()

    @property
    def state(self) -> ItemState:
        return self.derived.state

    @property
    def inside(self) -> bool:
        return self.shape.section.kind not in OUTSIDE

    @property
    def blocker(self) -> bool:
        """Blocks the release by itself, not only through a child."""
        return (
            self.inside
            and self.shape.blocking == "blocking"
            and self.derived.own not in SETTLED
        )

    @property
    def evidence(self) -> Evidence | None:
        """The record to show first: what fails, else what could not be measured,
        else the newest."""
        rank: dict[str, int] = {Verdict.FAIL: 0, Verdict.ERROR: 1}
        return min(
            (standing.latest for standing in self.standings),
            key=lambda record: (
                rank.get(record.verdict, 2),
                -record.observed_at.timestamp(),
            ),
            default=None,
        )


@dataclass(frozen=True)
class BoardSection:
    """A section with its rows; `proven` of `total` inside readiness."""

    shape: SectionShape
    rows: Sequence[BoardRow]

    @cached_property
    def proven(self) -> int:
        return sum(row.state == ItemState.PROVEN for row in self.rows)

    @cached_property
    def total(self) -> int:
        return sum(row.state != ItemState.NOT_APPLICABLE for row in self.rows)

    @cached_property
    def failed(self) -> int:
        return sum(row.state == ItemState.FAILED for row in self.rows)

    @property
    def inside(self) -> bool:
        return self.shape.kind not in OUTSIDE


@dataclass(frozen=True)
class Board:
    """A review at a moment: rows in document order and what they add up to. `log` is
    what the log tells of it, `own_differences` what of the review itself it does not."""

    review: Review
    at: datetime
    rows: Sequence[BoardRow]
    counts: tally.StateCounts
    verdict: tally.ReviewVerdict
    log: LoggedReview
    own_differences: Sequence[str] = ()

    @property
    def state(self) -> ReviewState:
        """What people and jobs decided of the review, by the log's word."""
        return self.log.state

    @cached_property
    def owners(self) -> dict[str, str]:
        """Of sections: {slug: username}."""
        return owners_of(self.review)

    @cached_property
    def differences(self) -> list[RecordDifference]:
        """What the database says, and the log does not: of the review, then of lines."""
        return [*self.differences_of(self.rows)]

    def differences_of(self, rows: Sequence[BoardRow]) -> list[RecordDifference]:
        """Of the review and of these lines."""
        own = [RecordDifference("", text) for text in self.own_differences]
        return own + [
            RecordDifference(row.key, text) for row in rows for text in row.differs
        ]

    @cached_property
    def by_key(self) -> dict[str, BoardRow]:
        return {row.key: row for row in self.rows}

    @cached_property
    def by_id(self) -> dict[int, BoardRow]:
        return {row.id: row for row in self.rows}

    @cached_property
    def sections(self) -> list[BoardSection]:
        grouped: dict[SectionShape, list[BoardRow]] = {}
        for row in self.rows:
            grouped.setdefault(row.shape.section, []).append(row)
        return [BoardSection(shape, rows) for shape, rows in grouped.items()]

    def section_of(self, row: BoardRow) -> BoardSection:
        return next(
            section for section in self.sections if section.shape == row.shape.section
        )

    def ancestors(self, row: BoardRow) -> list[BoardRow]:
        """From the parent up."""
        ancestors = []
        key = row.shape.parent
        while key is not None:
            ancestors.append(self.by_key[key])
            key = self.by_key[key].shape.parent
        return ancestors

    @property
    def proven(self) -> tally.Meter:
        return tally.proven_meter(self.counts)

    @property
    def fresh(self) -> tally.Meter:
        return tally.fresh_meter(self.counts)

    @cached_property
    def next_expiry(self) -> datetime | None:
        """When the first evidence of a proven item goes out of date."""
        first = self.expiring(1)
        return first[0].valid_until if first else None

    def expiring(self, most: int) -> list[BoardRow]:
        """The proven items whose evidence goes out of date next, the first of them
        first."""
        ending = [
            (row.valid_until, row.shape.position, row)
            for row in self.rows
            if row.state == ItemState.PROVEN and row.valid_until
        ]
        return [row for _, _, row in nsmallest(most, ending)]


def board(review: Review, at: datetime) -> Board:
    """The review's board; five queries besides its template's structure."""
    return boards([review], at)[review.pk]


def boards(reviews: Sequence[Review], at: datetime) -> dict[int, Board]:
    """Several reviews' boards by id, in the same five queries, and one for follow-ups
    where a review was deployed. One that has ended is shown as of its end: what goes
    out of date later does not rot it."""
    ids = [review.pk for review in reviews]
    claims = grouped(
        (row.review_id, row)
        for row in ReviewItem.objects.filter(review__in=ids).select_related(
            "claimed_by", "changed_by", "assignee"
        )
    )
    read = read_log(reviews)
    stored = _Stored(
        log_problems=read.problems,
        standings=grouped(
            (row.review_item_id, row)
            for row in Standing.objects.filter(
                review_item__review__in=ids
            ).select_related(
                "latest__filed_by", "latest__confirmation__by", "conclusive"
            )
        ),
        exempt=exemptions(ids),
        now=operations.configuration() if ids else None,
    )
    answered = follow_ups_of(reviews, read.reviews, at)
    return {
        review.pk: _board(
            review,
            at,
            claims[review.pk],
            stored,
            read.reviews[review.pk],
            answered[review.pk],
        )
        for review in reviews
    }


@dataclass(frozen=True)
class _Stored:
    """What the database has of all lines, by the line's id, what the product runs with
    now, and what is wrong with the log itself."""

    log_problems: Sequence[str]
    standings: defaultdict[int, list[Standing]]
    exempt: Exemptions
    now: operations.Configuration | None

    def line(self, shape: ItemShape, claim: ReviewItem) -> StoredLine:
        return StoredLine(
            shape=shape,
            claim=claim,
            standings=self.standings[claim.pk],
            waiver=self.exempt.waivers.get(claim.pk),
            not_applicable=self.exempt.not_applicable.get(claim.pk),
        )


def _board(
    review: Review,
    at: datetime,
    claims: Sequence[ReviewItem],
    stored: _Stored,
    log: LoggedReview,
    answered: FollowUps,
) -> Board:
    """One that has ended is shown as of its end, which the log tells."""
    shapes = structure(review.version)
    lines = [
        stored.line(shapes.by_id[claim.item_id], claim)
        for claim in claims
        if claim.item_id in shapes.by_id
    ]
    lines.sort(key=lambda line: line.shape.position)
    differs = [records.of_line(line, log, review.commit) for line in lines]
    at = min(at, log.ended_at or at)
    facts = [
        facts_of(
            review,
            line,
            configuration=stored.now,
            ended=log.ended_at is not None,
            outside=_outside(line, log, answered),
            differs=differing,
        )
        for line, differing in zip(lines, differs, strict=True)
    ]
    derived = tally.derive(facts, at)
    own = [
        *(f"{LOG_BROKEN}{each}" for each in stored.log_problems[:1]),
        *records.of_review(review, shapes, lines, log),
        *answered.differs,
    ]
    whole = not own and not any(differs)
    return Board(
        review=review,
        at=at,
        rows=[
            BoardRow(
                shape=line.shape,
                claim=line.claim,
                standings=line.standings,
                waiver=line.waiver,
                not_applicable=line.not_applicable,
                derived=derived[line.key],
                waiting=stored.exempt.waiting.get(line.id, ()),
                differs=differing,
            )
            for line, differing in zip(lines, differs, strict=True)
        ],
        counts=tally.counts(facts, derived),
        verdict=tally.verdict(facts, derived, whole=whole),
        log=log,
        own_differences=own,
    )


def _outside(
    line: StoredLine, log: LoggedReview, answered: FollowUps
) -> tuple[ItemState, str]:
    if line.shape.section.kind != FOLLOW_UP:
        return ItemState.OPEN, ""
    return answered.of_line(line, log)
