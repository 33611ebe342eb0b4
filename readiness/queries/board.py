"""All facts of a review in a fixed number of queries, and what they add up to.

Page, API, job and sign-off read the same board.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from heapq import nsmallest

from operations import queries as operations
from readiness.domain import tally
from readiness.domain.lifecycle import FollowUpWindow, window_of
from readiness.domain.state import (
    FOLLOW_UP,
    OUTSIDE,
    SETTLED,
    DerivedState,
    Exemption,
    ItemState,
)
from readiness.domain.verdicts import Verdict
from readiness.models import Evidence, Review, ReviewItem, Standing
from readiness.queries.exemptions import Exemptions, Waiting, exemptions
from readiness.queries.facts import claimant, facts_of
from readiness.queries.follow_ups import follow_up_lines
from readiness.queries.grouping import grouped
from readiness.queries.structure import ItemShape, SectionShape, structure


@dataclass(frozen=True)
class BoardRow:
    """One item with its claim, its records that count, and its state."""

    shape: ItemShape
    claim: ReviewItem
    standings: Sequence[Standing]
    waiver: Exemption | None
    not_applicable: Exemption | None
    derived: DerivedState
    waiting: Sequence[Waiting] = ()

    @property
    def id(self) -> int:
        return self.claim.pk

    @property
    def key(self) -> str:
        return self.shape.key

    @property
    def state(self) -> ItemState:
        return self.derived.state

    @property
    def claimed_by(self) -> str | None:
        return claimant(self.claim)

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
    def valid_until(self) -> datetime | None:
        """When the first record that proves it goes out of date; None: none does."""
        return min(
            (
                standing.conclusive.valid_until
                for standing in self.standings
                if standing.conclusive and standing.conclusive.valid_until
            ),
            default=None,
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
    """A review at a moment: rows in document order and what they add up to."""

    review: Review
    at: datetime
    rows: Sequence[BoardRow]
    counts: tally.StateCounts
    verdict: tally.ReviewVerdict

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
    """The review's board; four queries besides its template's structure."""
    return boards([review], at)[review.pk]


def boards(reviews: Sequence[Review], at: datetime) -> dict[int, Board]:
    """Several reviews' boards by id, in the same four queries, and one for follow-ups
    where a review was deployed. One that has ended is shown as of its end: what goes
    out of date later does not rot it."""
    ids = [review.pk for review in reviews]
    claims = grouped(
        (row.review_id, row)
        for row in ReviewItem.objects.filter(review__in=ids).select_related(
            "claimed_by", "changed_by", "assignee"
        )
    )
    standings = grouped(
        (row.review_item_id, row)
        for row in Standing.objects.filter(review_item__review__in=ids).select_related(
            "latest__filed_by", "latest__confirmation__by", "conclusive"
        )
    )
    exempt = exemptions(ids)
    now = operations.configuration() if ids else None
    answered = follow_up_lines(reviews, at)
    return {
        review.pk: _board(
            review,
            min(at, review.ended_at or at),
            claims[review.pk],
            standings,
            exempt,
            None if review.ended_at else now,
            answered.get(review.pk, {}),
        )
        for review in reviews
    }


def _board(
    review: Review,
    at: datetime,
    claims: Sequence[ReviewItem],
    standings: defaultdict[int, list[Standing]],
    exempt: Exemptions,
    now: operations.Configuration | None,
    answered: Mapping[FollowUpWindow, ItemState],
) -> Board:
    shapes = structure(review.version).by_id
    ordered = sorted(claims, key=lambda claim: shapes[claim.item_id].position)
    facts = [
        facts_of(
            review,
            shapes[claim.item_id],
            claim,
            standings[claim.pk],
            waiver=exempt.waivers.get(claim.pk),
            not_applicable=exempt.not_applicable.get(claim.pk),
            configuration=now,
            outside=_outside(shapes[claim.item_id], answered),
        )
        for claim in ordered
    ]
    derived = tally.derive(facts, at)
    rows = [
        BoardRow(
            shape=shapes[claim.item_id],
            claim=claim,
            standings=standings[claim.pk],
            waiver=exempt.waivers.get(claim.pk),
            not_applicable=exempt.not_applicable.get(claim.pk),
            derived=derived[shapes[claim.item_id].key],
            waiting=exempt.waiting.get(claim.pk, ()),
        )
        for claim in ordered
    ]
    return Board(
        review=review,
        at=at,
        rows=rows,
        counts=tally.counts(facts, derived),
        verdict=tally.verdict(facts, derived),
    )


def _outside(
    shape: ItemShape, answered: Mapping[FollowUpWindow, ItemState]
) -> ItemState:
    """A line of a follow-up stands as its follow-up does."""
    if shape.section.kind != FOLLOW_UP:
        return ItemState.OPEN
    return answered.get(window_of(shape.section.title), ItemState.OPEN)
