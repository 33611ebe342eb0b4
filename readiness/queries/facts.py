"""The rows of one item as the rules want them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from accounts.models import User
from kernel.registry import probe_title
from operations.queries import Configuration
from readiness.domain import verdicts
from readiness.domain.claims import IMPORT
from readiness.domain.state import (
    CheckFacts,
    CheckRecord,
    Exemption,
    FiledEvidence,
    ItemFacts,
    ItemState,
)
from readiness.domain.verdicts import Verdict
from readiness.models import Evidence, Review, ReviewItem, Standing
from readiness.queries.reach import out_of_reach
from readiness.queries.structure import CheckShape, ItemShape


def claimant(claim: ReviewItem) -> str | None:
    """Who says that it is done: a username, `import`, or nobody."""
    if not claim.claimed:
        return None
    if claim.claimed_by is not None:
        return str(claim.claimed_by.username)
    return IMPORT if claim.claimed_by_import else None


@dataclass(frozen=True)
class StoredLine:
    """A line as the database has it: its claim, the records that stand for it, and the
    exemptions that were granted."""

    shape: ItemShape
    claim: ReviewItem
    standings: Sequence[Standing]
    waiver: Exemption | None
    not_applicable: Exemption | None

    @property
    def id(self) -> int:
        return self.claim.pk

    @property
    def key(self) -> str:
        return self.shape.key

    @property
    def claimed_by(self) -> str | None:
        return claimant(self.claim)

    @cached_property
    def by_check(self) -> dict[int, Standing]:
        return {
            standing.check_of_id: standing
            for standing in self.standings
            if standing.check_of_id
        }

    @property
    def filed(self) -> list[Evidence]:
        """What persons filed for it."""
        return [each.latest for each in self.standings if each.check_of_id is None]

    @property
    def valid_until(self) -> datetime | None:
        """When the first record that proves it goes out of date; None: none does."""
        ends = (
            valid_until(standing.conclusive, check)
            for check in self.shape.checks
            if (standing := self.by_check.get(check.id)) and standing.conclusive
        )
        return min((end for end in ends if end), default=None)


def valid_until(record: Evidence, check: CheckShape) -> datetime | None:
    """Until when a record of a check counts, as it follows from when it was seen: the
    column is never read. None for what does not go out of date."""
    if record.verdict != Verdict.PASS:
        return None
    return verdicts.valid_until(record.observed_at, check.freshness, check.grace)


def standing_verdict(standing: Standing | None, commit: str) -> str:
    """The latest conclusive verdict for this commit, as it is signed: pass, fail or
    none."""
    if standing is None or standing.conclusive is None:
        return "none"
    conclusive = standing.conclusive
    return conclusive.verdict if conclusive.commit == commit else "none"


def facts_of(
    review: Review,
    line: StoredLine,
    *,
    configuration: Configuration | None,
    outside: tuple[ItemState, str] = (ItemState.OPEN, ""),
    differs: Sequence[str] = (),
    ended: bool = False,
) -> ItemFacts:
    """Everything that decides the item's state; no query. `configuration` is what the
    product runs with now, `outside` the state of a line that readiness does not count and
    why it is so, `differs` what of it the log does not tell. Of a review that has `ended`
    nobody asks any more who wrote its records: the key may be gone.
    """
    shape, claim = line.shape, line.claim
    now = None if ended else _Now(configuration)
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
            _check_facts(review, check, line.by_check.get(check.id), now)
            for check in shape.checks
        ],
        missing_fields=[
            field.label
            for field in shape.fields
            if field.required and not str(claim.values.get(field.label, "")).strip()
        ],
        filed=[_filed(record) for record in line.filed],
        waiver=line.waiver,
        not_applicable=line.not_applicable,
        outside=outside[0],
        outside_reason=outside[1],
        differs=differs,
    )


@dataclass(frozen=True)
class _Now:
    """What a living review's records are held against: the settings of today."""

    configuration: Configuration | None

    def changed(self, record: Evidence) -> datetime | None:
        """Since when the product runs with other settings than were seen."""
        seen, today = record.configuration, self.configuration
        return today.since if today and seen and seen != today.digest else None


def _check_facts(
    review: Review,
    check: CheckShape,
    standing: Standing | None,
    now: _Now | None,
) -> CheckFacts:
    return CheckFacts(
        probe=check.probe,
        latest=_record(standing.latest if standing else None, check, now),
        conclusive=_record(standing.conclusive if standing else None, check, now),
        required=check.required,
        out_of_reach=out_of_reach(check.probe, review),
        title=probe_title(check.probe),
    )


def _record(
    evidence: Evidence | None, check: CheckShape, now: _Now | None
) -> CheckRecord | None:
    if evidence is None:
        return None
    return CheckRecord(
        verdict=evidence.verdict,
        commit=evidence.commit,
        observed_at=evidence.observed_at,
        valid_until=valid_until(evidence, check),
        reason=evidence.reason,
        restarted_at=now.changed(evidence) if now else None,
        forged=now is not None and not evidence.is_sealed,
    )


def _filed(evidence: Evidence) -> FiledEvidence:
    by: User | None = evidence.filed_by
    confirmation = getattr(evidence, "confirmation", None)
    return FiledEvidence(
        by=by.username if by else "",
        commit=evidence.commit,
        confirmed_by=confirmation.by.username if confirmation else None,
    )
