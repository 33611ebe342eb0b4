"""Signatures checked again from their stored bytes, and against the log's tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audit import queries as audit
from readiness.queries.board import Board
from readiness.queries.signatures import ReviewSignatures, Signature, signatures


@dataclass(frozen=True)
class CheckedSignature:
    """One signature with what its bytes do not bear out; `faults` in words."""

    signature: Signature
    seq: int | None
    faults: Sequence[str]


@dataclass(frozen=True)
class CheckedReview:
    """Every signature of a review, oldest first, and those whose row is gone."""

    checked: Sequence[CheckedSignature]
    signatures: ReviewSignatures


def checked_signatures(board: Board) -> CheckedReview:
    """Walks the log's leaves once for each signature."""
    stored = signatures(board)
    return CheckedReview([_checked(each) for each in stored.signed], stored)


def _checked(signature: Signature) -> CheckedSignature:
    faults = [*signature.faults, *signature.altered]
    if signature.event is not None and not audit.included(signature.event.seq):
        faults.append("its event is not proven to be in the log")
    seq = signature.event.seq if signature.event else None
    return CheckedSignature(signature, seq, faults)
