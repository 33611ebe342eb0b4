"""All facts of a review in a fixed number of queries, and what they add up to.

Page, API, job and sign-off read the same board.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.db.models import Value

from accounts.models import User
from readiness.domain import state as rules
from readiness.domain.state import (
    CheckFacts,
    Derived,
    Exempt,
    Filed,
    ItemFacts,
    Seen,
)
from readiness.models import (
    Evidence,
    NotApplicable,
    Review,
    ReviewItem,
    Standing,
    Waiver,
)
from readiness.queries.grouping import grouped
from readiness.queries.structure import ItemShape, SectionShape, structure

IMPORT = "import"


@dataclass(frozen=True)
class Exemption:
    """An approved, unrevoked waiver (`ends`) or "not applicable" (no end)."""

    review_item: int
    reason: str
    requested_by: str
    approved_by: str
    ends: datetime | None

    @property
    def fact(self) -> Exempt:
        return Exempt(self.reason, self.ends)


@dataclass(frozen=True)
class Row:
    """One item with its claim, its records that count, and its state."""

    shape: ItemShape
    claim: ReviewItem
    standings: Sequence[Standing]
    waiver: Exemption | None
    not_applicable: Exemption | None
    derived: Derived

    @property
    def id(self) -> int:
        return self.claim.pk

    @property
    def key(self) -> str:
        return self.shape.key

    @property
    def state(self) -> str:
        return self.derived.state

    @property
    def claimed_by(self) -> str | None:
        return claimant(self.claim)

    @property
    def inside(self) -> bool:
        return self.shape.section.kind not in rules.OUTSIDE

    @property
    def blocker(self) -> bool:
        """Blocks the release by itself, not only through a child."""
        return (
            self.inside
            and self.shape.blocking == "blocking"
            and self.derived.own not in rules.SETTLED
        )

    @property
    def evidence(self) -> Evidence | None:
        """The record to show first: what fails, else what could not be measured,
        else the newest."""
        rank = {"fail": 0, "error": 1}
        records = [one.latest for one in self.standings]
        return min(
            records,
            key=lambda one: (rank.get(one.verdict, 2), -one.observed_at.timestamp()),
            default=None,
        )


@dataclass(frozen=True)
class SectionView:
    """A section with its rows; `proven` of `total` inside readiness."""

    shape: SectionShape
    rows: Sequence[Row]

    @cached_property
    def proven(self) -> int:
        return sum(row.state == "proven" for row in self.rows)

    @cached_property
    def total(self) -> int:
        return sum(row.state != "not_applicable" for row in self.rows)

    @cached_property
    def failed(self) -> int:
        return sum(row.state == "failed" for row in self.rows)

    @property
    def inside(self) -> bool:
        return self.shape.kind not in rules.OUTSIDE


@dataclass(frozen=True)
class Board:
    """A review at a moment: rows in document order and what they add up to."""

    review: Review
    at: datetime
    rows: Sequence[Row]
    counts: rules.Counts
    verdict: rules.Verdict

    @cached_property
    def by_key(self) -> dict[str, Row]:
        return {row.key: row for row in self.rows}

    @cached_property
    def by_id(self) -> dict[int, Row]:
        return {row.id: row for row in self.rows}

    @cached_property
    def sections(self) -> list[SectionView]:
        grouped: dict[SectionShape, list[Row]] = {}
        for row in self.rows:
            grouped.setdefault(row.shape.section, []).append(row)
        return [SectionView(shape, rows) for shape, rows in grouped.items()]

    def section_of(self, row: Row) -> SectionView:
        return next(one for one in self.sections if one.shape == row.shape.section)

    def ancestors(self, row: Row) -> list[Row]:
        """From the parent up."""
        found = []
        key = row.shape.parent
        while key is not None:
            found.append(self.by_key[key])
            key = self.by_key[key].shape.parent
        return found

    @property
    def proven(self) -> rules.Meter:
        return rules.proven_meter(self.counts)

    @property
    def fresh(self) -> rules.Meter:
        return rules.fresh_meter(self.counts)

    @cached_property
    def next_expiry(self) -> datetime | None:
        """When the first evidence of a proven item goes out of date."""
        return min(
            (
                standing.conclusive.valid_until
                for row in self.rows
                if row.state == "proven"
                for standing in row.standings
                if standing.conclusive and standing.conclusive.valid_until
            ),
            default=None,
        )


def claimant(claim: ReviewItem) -> str | None:
    """Who says that it is done: a username, `import`, or nobody."""
    if not claim.claimed:
        return None
    if claim.claimed_by is not None:
        return str(claim.claimed_by.username)
    return IMPORT if claim.claimed_by_import else None


def board(review: Review, at: datetime) -> Board:
    """The review's board; three queries besides its template's structure."""
    return boards([review], at)[review.pk]


def boards(reviews: Sequence[Review], at: datetime) -> dict[int, Board]:
    """Several reviews' boards by id, in the same three queries."""
    ids = [review.pk for review in reviews]
    claims = grouped(
        (row.review_id, row)
        for row in ReviewItem.objects.filter(review__in=ids).select_related(
            "claimed_by", "changed_by"
        )
    )
    standings = grouped(
        (row.review_item_id, row)
        for row in Standing.objects.filter(review_item__review__in=ids).select_related(
            "latest__filed_by", "latest__confirmation__by", "conclusive"
        )
    )
    waivers, exclusions = exemptions(ids)
    return {
        review.pk: _board(review, at, claims[review.pk], standings, waivers, exclusions)
        for review in reviews
    }


def _board(
    review: Review,
    at: datetime,
    claims: Sequence[ReviewItem],
    standings: defaultdict[int, list[Standing]],
    waivers: dict[int, Exemption],
    exclusions: dict[int, Exemption],
) -> Board:
    shapes = structure(review.version).by_id
    ordered = sorted(claims, key=lambda claim: shapes[claim.item_id].position)
    facts = [
        facts_of(
            review,
            shapes[claim.item_id],
            claim,
            standings[claim.pk],
            waivers.get(claim.pk),
            exclusions.get(claim.pk),
        )
        for claim in ordered
    ]
    derived = rules.derive(facts, at)
    rows = [
        Row(
            shape=shapes[claim.item_id],
            claim=claim,
            standings=standings[claim.pk],
            waiver=waivers.get(claim.pk),
            not_applicable=exclusions.get(claim.pk),
            derived=derived[shapes[claim.item_id].key],
        )
        for claim in ordered
    ]
    return Board(
        review=review,
        at=at,
        rows=rows,
        counts=rules.counts(facts, derived),
        verdict=rules.verdict(facts, derived),
    )


def facts_of(
    review: Review,
    shape: ItemShape,
    claim: ReviewItem,
    standings: Sequence[Standing],
    waiver: Exemption | None,
    exclusion: Exemption | None,
) -> ItemFacts:
    """The rows of one item as the rules want them."""
    by_check = {one.check_of_id: one for one in standings if one.check_of_id}
    return ItemFacts(
        key=shape.key,
        commit=review.commit,
        parent=shape.parent,
        section=shape.section.slug,
        section_kind=shape.section.kind,
        blocking=shape.blocking,
        claimed=claim.claimed,
        claimed_by=claimant(claim),
        checks=[
            CheckFacts(
                probe=check.probe,
                latest=_seen(by_check[check.id].latest)
                if check.id in by_check
                else None,
                conclusive=(
                    _seen(by_check[check.id].conclusive)
                    if check.id in by_check
                    else None
                ),
                required=check.required,
            )
            for check in shape.checks
        ],
        missing_fields=[
            field.label
            for field in shape.fields
            if field.required and not str(claim.values.get(field.label, "")).strip()
        ],
        filed=[_filed(one.latest) for one in standings if one.check_of_id is None],
        waiver=waiver.fact if waiver else None,
        not_applicable=exclusion.fact if exclusion else None,
    )


def _seen(evidence: Evidence | None) -> Seen | None:
    if evidence is None:
        return None
    return Seen(
        verdict=evidence.verdict,
        commit=evidence.commit,
        observed_at=evidence.observed_at,
        valid_until=evidence.valid_until,
        reason=evidence.reason,
    )


def _filed(evidence: Evidence) -> Filed:
    by: User | None = evidence.filed_by
    confirmation = getattr(evidence, "confirmation", None)
    return Filed(
        by=by.username if by else "",
        commit=evidence.commit,
        valid_until=evidence.valid_until,
        confirmed_by=confirmation.by.username if confirmation else None,
    )


def exemptions(
    reviews: Sequence[int],
) -> tuple[dict[int, Exemption], dict[int, Exemption]]:
    """Approved and unrevoked waivers and exclusions by item: one query for both.

    An ended waiver is still listed: the rules know the moment, this does not.
    """
    columns = (
        "review_item_id",
        "reason",
        "requested_by__username",
        "approved_by__username",
    )
    approved = {
        "review_item__review__in": reviews,
        "approved_by__isnull": False,
        "revoked_at__isnull": True,
    }
    waivers = (
        Waiver.objects.filter(**approved)
        .order_by()
        .annotate(kind=Value("waiver"))
        .values_list("kind", "ends", *columns)
    )
    exclusions = (
        NotApplicable.objects.filter(**approved)
        .order_by()
        # The union needs a column of the waiver's type; it is not read.
        .annotate(kind=Value("not_applicable"))
        .values_list("kind", "requested_at", *columns)
    )
    found: tuple[dict[int, Exemption], dict[int, Exemption]] = ({}, {})
    for kind, ends, item, reason, requested, approver in waivers.union(
        exclusions, all=True
    ):
        waiver = kind == "waiver"
        one = Exemption(item, reason, requested, approver, ends if waiver else None)
        target = found[0 if waiver else 1]
        held = target.get(item)
        # Of several waivers the longest counts.
        if held is None or (held.ends and one.ends and one.ends > held.ends):
            target[item] = one
    return found
