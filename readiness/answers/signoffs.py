"""What the API answers about statements and signatures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from audit.domain.canonical import sha256_hex
from kernel.schema import Answer
from readiness.domain.claims import ClaimChange
from readiness.domain.envelopes import SignedEvent
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
    """A signature as its envelope says it, and how it stands today."""

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
    genuine: Annotated[bool, "the envelope and the log bear it out"]
    faults: Annotated[
        Sequence[str], "why it is not genuine, which columns were changed"
    ]

    @classmethod
    def of(cls, signature: Signature) -> SignoffAnswer:
        signed = signature.signed
        return cls(
            id=signature.signoff.uuid,
            role=signed.role,
            signer=signed.handle,
            meaning=Signoff.Meaning(signed.meaning),
            note=signed.note,
            signed_at=signed.signed_at,
            claim_root=signed.claim_root,
            envelope_sha256=sha256_hex(bytes(signature.signoff.envelope)),
            valid=signature.valid,
            void=[ChangeAnswer.of(change) for change in signature.void],
            genuine=not signature.faults,
            faults=[*signature.faults, *signature.altered],
        )


@dataclass(frozen=True, kw_only=True)
class MissingSignoffAnswer(Answer):
    """A signature of which the log tells, and whose row is gone."""

    seq: Annotated[int, "its event in the log"]
    role: str
    meaning: str
    envelope_sha256: str

    @classmethod
    def of(cls, event: SignedEvent) -> MissingSignoffAnswer:
        return cls(
            seq=event.seq,
            role=event.role,
            meaning=event.meaning,
            envelope_sha256=event.envelope_sha256,
        )


@dataclass(frozen=True, kw_only=True)
class SignoffList(Answer):
    signoffs: Sequence[SignoffAnswer]
    missing: Annotated[Sequence[MissingSignoffAnswer], "the log tells of them"]
    next_cursor: str | None
