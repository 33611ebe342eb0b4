"""The rows of one item as the rules want them."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.models import User
from readiness.domain.claims import IMPORT
from readiness.domain.state import (
    CheckFacts,
    CheckRecord,
    Exemption,
    FiledEvidence,
    ItemFacts,
)
from readiness.models import Evidence, Review, ReviewItem, Standing
from readiness.queries.structure import CheckShape, ItemShape


def claimant(claim: ReviewItem) -> str | None:
    """Who says that it is done: a username, `import`, or nobody."""
    if not claim.claimed:
        return None
    if claim.claimed_by is not None:
        return str(claim.claimed_by.username)
    return IMPORT if claim.claimed_by_import else None


def facts_of(
    review: Review,
    shape: ItemShape,
    claim: ReviewItem,
    standings: Sequence[Standing],
    *,
    waiver: Exemption | None,
    not_applicable: Exemption | None,
) -> ItemFacts:
    """Everything that decides the item's state; no query."""
    by_check = {
        standing.check_of_id: standing for standing in standings if standing.check_of_id
    }
    return ItemFacts(
        key=shape.key,
        commit=review.commit,
        parent=shape.parent,
        section=shape.section.slug,
        section_kind=shape.section.kind,
        blocking=shape.blocking,
        claimed=claim.claimed,
        claimed_by=claimant(claim),
        checks=[_check(check, by_check.get(check.id)) for check in shape.checks],
        missing_fields=[
            field.label
            for field in shape.fields
            if field.required and not str(claim.values.get(field.label, "")).strip()
        ],
        filed=[
            _filed(standing.latest)
            for standing in standings
            if standing.check_of_id is None
        ],
        waiver=waiver,
        not_applicable=not_applicable,
    )


def _check(check: CheckShape, standing: Standing | None) -> CheckFacts:
    return CheckFacts(
        probe=check.probe,
        latest=_record(standing.latest) if standing else None,
        conclusive=_record(standing.conclusive) if standing else None,
        required=check.required,
    )


def _record(evidence: Evidence | None) -> CheckRecord | None:
    if evidence is None:
        return None
    return CheckRecord(
        verdict=evidence.verdict,
        commit=evidence.commit,
        observed_at=evidence.observed_at,
        valid_until=evidence.valid_until,
        reason=evidence.reason,
    )


def _filed(evidence: Evidence) -> FiledEvidence:
    by: User | None = evidence.filed_by
    confirmation = getattr(evidence, "confirmation", None)
    return FiledEvidence(
        by=by.username if by else "",
        commit=evidence.commit,
        valid_until=evidence.valid_until,
        confirmed_by=confirmation.by.username if confirmation else None,
    )
