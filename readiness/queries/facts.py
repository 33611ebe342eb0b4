"""The rows of one item as the rules want them."""

from __future__ import annotations

from collections.abc import Sequence

from accounts.models import User
from kernel.registry import probe_title
from operations.queries import Configuration
from readiness.domain.claims import IMPORT
from readiness.domain.state import (
    CheckFacts,
    CheckRecord,
    Exemption,
    FiledEvidence,
    ItemFacts,
    ItemState,
)
from readiness.models import Evidence, Review, ReviewItem, Standing
from readiness.queries.reach import out_of_reach
from readiness.queries.structure import ItemShape


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
    configuration: Configuration | None,
    outside: ItemState = ItemState.OPEN,
) -> ItemFacts:
    """Everything that decides the item's state; no query. `configuration` is what the
    product runs with now, `outside` the state of a line that readiness does not count."""
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
        checks=[
            CheckFacts(
                probe=check.probe,
                latest=_record(_latest(by_check.get(check.id)), configuration),
                conclusive=_record(_conclusive(by_check.get(check.id)), configuration),
                required=check.required,
                out_of_reach=out_of_reach(check.probe, review),
                title=probe_title(check.probe),
            )
            for check in shape.checks
        ],
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
        outside=outside,
    )


def _latest(standing: Standing | None) -> Evidence | None:
    return standing.latest if standing else None


def _conclusive(standing: Standing | None) -> Evidence | None:
    return standing.conclusive if standing else None


def _record(evidence: Evidence | None, now: Configuration | None) -> CheckRecord | None:
    if evidence is None:
        return None
    seen = evidence.configuration
    restarted = now is not None and bool(seen) and seen != now.digest
    return CheckRecord(
        verdict=evidence.verdict,
        commit=evidence.commit,
        observed_at=evidence.observed_at,
        valid_until=evidence.valid_until,
        reason=evidence.reason,
        restarted_at=now.since if now and restarted else None,
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
