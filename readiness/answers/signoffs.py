"""What the API answers about statements and signatures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from kernel.schema import Answer
from readiness.domain.claims import ClaimChange
from readiness.domain.state import ItemState
from readiness.models import Signoff
from readiness.queries.signatures import Signature
from readiness.queries.statements import StatementSheet


@dataclass(frozen=True, kw_only=True)
class StatementLineAnswer(Answer):
    key: str
    state: ItemState


@dataclass(frozen=True, kw_only=True)
class StatementAnswer(Answer):
    """What a person would sign as a role today, and whether they may."""

    role: str
    words: Annotated[str, "what a person reads"]
    statement: Annotated[str, "canonical JSON"]
    statement_sha256: Annotated[str, "of exactly that text"]
    claim_root: str
    items: Sequence[StatementLineAnswer]
    may_sign: bool
    reason: Annotated[str | None, "why not"]

    @classmethod
    def of(cls, sheet: StatementSheet) -> StatementAnswer:
        return cls(
            role=sheet.role,
            words=sheet.words,
            statement=sheet.text,
            statement_sha256=sheet.sha256,
            claim_root=sheet.statement.claim_root,
            items=[
                StatementLineAnswer(key=row.key, state=row.state) for row in sheet.rows
            ],
            may_sign=sheet.refusal is None,
            reason=sheet.refusal.reason if sheet.refusal else None,
        )


@dataclass(frozen=True, kw_only=True)
class ChangeAnswer(Answer):
    """A line that is not as it was signed; an empty key: not the lines."""

    key: str
    change: str

    @classmethod
    def of(cls, change: ClaimChange) -> ChangeAnswer:
        return cls(key=change.key, change=change.change)


@dataclass(frozen=True, kw_only=True)
class SignoffAnswer(Answer):
    """A signature and how it stands today."""

    id: UUID
    role: str
    signer: str
    meaning: Signoff.Meaning
    note: str
    signed_at: datetime
    claim_root: str
    envelope_sha256: str
    valid: bool
    void: Annotated[Sequence[ChangeAnswer], "what it no longer fits"]

    @classmethod
    def of(cls, signature: Signature) -> SignoffAnswer:
        signoff = signature.signoff
        return cls(
            id=signoff.uuid,
            role=signoff.role,
            signer=signoff.signer.username,
            meaning=Signoff.Meaning(signoff.meaning),
            note=signoff.note,
            signed_at=signoff.signed_at,
            claim_root=signoff.claim_root,
            envelope_sha256=signoff.envelope_sha256,
            valid=signature.valid,
            void=[ChangeAnswer.of(change) for change in signature.void],
        )


@dataclass(frozen=True, kw_only=True)
class SignoffList(Answer):
    signoffs: Sequence[SignoffAnswer]
    next_cursor: str | None
