"""What the API answers about the lines of a review."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from kernel.schema import Answer
from readiness.domain.state import ItemState
from readiness.models import (
    Comment,
    Evidence,
    Field,
    Item,
    NotApplicable,
    Section,
    Waiver,
)
from readiness.models.reviews import ExemptionRecord
from readiness.queries.board import BoardRow
from readiness.queries.structure import CheckShape, FieldShape
from readiness.services.evidence.attesting import Attestation


@dataclass(frozen=True, kw_only=True)
class EvidenceAnswer(Answer):
    """The record that speaks for a line."""

    probe: Annotated[str | None, "null: a person filed it"]
    verdict: Evidence.Verdict
    summary: str
    commit: str
    observed_at: datetime
    valid_until: Annotated[datetime | None, "null: it does not go out of date"]

    @classmethod
    def of(cls, evidence: Evidence) -> EvidenceAnswer:
        return cls(
            probe=evidence.probe or None,
            verdict=Evidence.Verdict(evidence.verdict),
            summary=evidence.summary or evidence.reason,
            commit=evidence.commit,
            observed_at=evidence.observed_at,
            valid_until=evidence.valid_until,
        )


@dataclass(frozen=True, kw_only=True)
class RecordAnswer(EvidenceAnswer):
    """One record with everything that it holds."""

    id: str
    kind: Evidence.Kind
    reason: Annotated[str, "why this verdict"]
    params: Mapping[str, str]
    threshold: str | None
    definition_sha256: Annotated[str | None, "of the check when it was judged"]
    value: str | None
    unit: str
    facts: Annotated[Mapping[str, str], "what the probe noted beside its value"]
    environment: str
    collector: Annotated[str, "who recorded it, as the audit log names actors"]
    blob_sha256: str | None
    blob_name: str | None
    blob_size: int
    filed_by: str | None
    confirmed_by: str | None
    confirmed_at: datetime | None

    @classmethod
    def of(cls, evidence: Evidence) -> RecordAnswer:
        confirmation = getattr(evidence, "confirmation", None)
        return cls(
            **vars(EvidenceAnswer.of(evidence)),
            id=str(evidence.pk),
            kind=Evidence.Kind(evidence.kind),
            reason=evidence.reason,
            params=evidence.params,
            threshold=evidence.threshold,
            definition_sha256=evidence.definition_sha256 or None,
            value=evidence.value,
            unit=evidence.unit,
            facts=evidence.facts,
            environment=evidence.environment,
            collector=evidence.collector,
            blob_sha256=evidence.blob_sha256 or None,
            blob_name=evidence.blob_name or None,
            blob_size=evidence.blob_size,
            filed_by=evidence.filed_by.username if evidence.filed_by else None,
            confirmed_by=confirmation.by.username if confirmation else None,
            confirmed_at=confirmation.at if confirmation else None,
        )


@dataclass(frozen=True, kw_only=True)
class FiledAnswer(RecordAnswer):
    """A record that somebody has just filed, and where its content is from now on."""

    sha256: Annotated[str, "of what was filed, byte for byte"]
    url: Annotated[str, "where a person who is logged in downloads it"]

    @classmethod
    def filed(cls, evidence: Evidence, url: str) -> FiledAnswer:
        record = vars(RecordAnswer.of(evidence))
        return cls(**record, sha256=evidence.blob_sha256, url=url)


@dataclass(frozen=True, kw_only=True)
class ItemAnswer(Answer):
    """A line with its claim and its state; `reason` says why, or what it lacks."""

    id: str
    key: str
    title: str
    section: str
    section_kind: Section.Kind
    parent: Annotated[str | None, "the parent's key"]
    depth: int
    blocking: Item.Blocking
    state: ItemState
    reason: str
    claimed: bool
    claimed_by: Annotated[str | None, "a username, or `import`"]
    claimed_at: datetime | None
    assignee: Annotated[str | None, "who is to do it; never signed"]
    revision: Annotated[int, "what a claim names"]
    evidence: EvidenceAnswer | None
    differs: Annotated[
        Sequence[str],
        "what the database says of it, and the log does not: it counts for nothing",
    ]

    @classmethod
    def of(cls, row: BoardRow) -> ItemAnswer:
        shape, claim = row.shape, row.claim
        return cls(
            id=str(row.id),
            key=row.key,
            title=shape.title,
            section=shape.section.title,
            section_kind=Section.Kind(shape.section.kind),
            parent=shape.parent,
            depth=shape.depth,
            blocking=Item.Blocking(shape.blocking),
            state=row.state,
            reason=row.derived.reason,
            claimed=claim.claimed,
            claimed_by=row.claimed_by,
            claimed_at=claim.claimed_at,
            assignee=claim.assignee.username if claim.assignee else None,
            revision=claim.revision,
            evidence=EvidenceAnswer.of(row.evidence) if row.evidence else None,
            differs=row.differs,
        )


@dataclass(frozen=True, kw_only=True)
class ItemList(Answer):
    items: Sequence[ItemAnswer]
    next_cursor: str | None


@dataclass(frozen=True, kw_only=True)
class FieldAnswer(Answer):
    """A blank of the line; `value` null: nothing stands in it yet."""

    label: str
    type: Field.Kind
    choices: Sequence[str]
    required: bool
    value: str | None

    @classmethod
    def of(cls, field: FieldShape, value: str | None) -> FieldAnswer:
        return cls(
            label=field.label,
            type=Field.Kind(field.kind),
            choices=field.choices,
            required=field.required,
            value=value,
        )


@dataclass(frozen=True, kw_only=True)
class CheckAnswer(Answer):
    """What is measured, when it passes, and what came out last."""

    probe: str
    params: Mapping[str, str]
    threshold: Annotated[str | None, "null: the value counts faults and must be 0"]
    freshness: Annotated[int, "seconds"]
    grace: Annotated[int, "seconds"]
    required: bool
    definition_sha256: str
    verdict: Annotated[Evidence.Verdict | None, "of the latest record"]

    @classmethod
    def of(cls, check: CheckShape, latest: Evidence | None) -> CheckAnswer:
        return cls(
            probe=check.probe,
            params=check.params,
            threshold=check.threshold,
            freshness=check.freshness,
            grace=check.grace,
            required=check.required,
            definition_sha256=check.definition_sha256,
            verdict=Evidence.Verdict(latest.verdict) if latest else None,
        )


@dataclass(frozen=True, kw_only=True)
class CommentAnswer(Answer):
    """Said about a line; never signed."""

    id: str
    author: str
    at: datetime
    text: str

    @classmethod
    def of(cls, comment: Comment) -> CommentAnswer:
        return cls(
            id=str(comment.pk),
            author=comment.author.username,
            at=comment.at,
            text=comment.text,
        )


@dataclass(frozen=True, kw_only=True)
class ExemptionAnswer(Answer):
    """What was asked for one line, and what became of it: it counts once it is
    approved, until it is revoked."""

    id: str
    item: Annotated[str, "the line's id"]
    reason: str
    requested_by: str
    requested_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    revoked_by: str | None
    revoked_at: datetime | None

    @staticmethod
    def shared(row: ExemptionRecord) -> dict[str, Any]:
        return {
            "id": str(row.pk),
            "item": str(row.review_item.pk),
            "reason": row.reason,
            "requested_by": row.requested_by.username,
            "requested_at": row.requested_at,
            "approved_by": row.approved_by.username if row.approved_by else None,
            "approved_at": row.approved_at,
            "revoked_by": row.revoked_by.username if row.revoked_by else None,
            "revoked_at": row.revoked_at,
        }


@dataclass(frozen=True, kw_only=True)
class WaiverAnswer(ExemptionAnswer):
    """Going on with a known risk until `ends`."""

    risk: str
    ends: datetime

    @classmethod
    def of(cls, waiver: Waiver) -> WaiverAnswer:
        return cls(**cls.shared(waiver), risk=waiver.risk, ends=waiver.ends)


@dataclass(frozen=True, kw_only=True)
class NotApplicableAnswer(ExemptionAnswer):
    """Two persons agree that the line has nothing to say here."""

    @classmethod
    def of(cls, row: NotApplicable) -> NotApplicableAnswer:
        return cls(**cls.shared(row))


@dataclass(frozen=True, kw_only=True)
class WholeItemAnswer(ItemAnswer):
    """A line with its checks, blanks, the history of its evidence and its talk."""

    body: str
    note: Annotated[str, "what the claimant wrote"]
    fields: Sequence[FieldAnswer]
    checks: Sequence[CheckAnswer]
    history: Sequence[RecordAnswer]
    comments: Sequence[CommentAnswer]
    waivers: Sequence[WaiverAnswer]
    not_applicable: Sequence[NotApplicableAnswer]

    @classmethod
    def with_history(
        cls,
        row: BoardRow,
        *,
        history: Iterable[Evidence],
        comments: Iterable[Comment],
        waivers: Iterable[Waiver],
        not_applicable: Iterable[NotApplicable],
    ) -> WholeItemAnswer:
        latest = {standing.check_of_id: standing.latest for standing in row.standings}
        return cls(
            **vars(ItemAnswer.of(row)),
            body=row.shape.body,
            note=row.claim.claim_note,
            fields=[
                FieldAnswer.of(field, row.claim.values.get(field.label))
                for field in row.shape.fields
            ],
            checks=[
                CheckAnswer.of(check, latest.get(check.id))
                for check in row.shape.checks
            ],
            history=[RecordAnswer.of(evidence) for evidence in history],
            comments=[CommentAnswer.of(comment) for comment in comments],
            waivers=[WaiverAnswer.of(waiver) for waiver in waivers],
            not_applicable=[NotApplicableAnswer.of(row) for row in not_applicable],
        )


@dataclass(frozen=True, kw_only=True)
class AttestationAnswer(Answer):
    """A report that was taken in; `id` is its SHA-256."""

    id: str
    sha256: str
    suites: Annotated[Sequence[str], "that the report names; none for coverage"]

    @classmethod
    def of(cls, attestation: Attestation) -> AttestationAnswer:
        return cls(
            id=attestation.sha256,
            sha256=attestation.sha256,
            suites=attestation.suites,
        )


@dataclass(frozen=True, kw_only=True)
class AskedProbesAnswer(Answer):
    """Probes that were asked for; their results follow within seconds."""

    probes: Sequence[str]
