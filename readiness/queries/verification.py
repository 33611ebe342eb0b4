"""Signatures checked again from their stored bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from audit import queries as audit
from audit.domain import dsse
from audit.domain.canonical import sha256_hex
from readiness.domain.claims import claim_root
from readiness.domain.statements import PAYLOAD_TYPE
from readiness.models import Signoff
from readiness.queries.board import Board
from readiness.queries.signatures import Signature, signatures, signed_claims


@dataclass(frozen=True)
class CheckedSignature:
    """One signature with what its bytes do not bear out; `faults` in words."""

    signature: Signature
    faults: Sequence[str]


def checked_signatures(board: Board) -> list[CheckedSignature]:
    """Every signature of the review, oldest first."""
    return [
        CheckedSignature(signature, _faults(signature.signoff))
        for signature in signatures(board)
    ]


def _faults(signoff: Signoff) -> list[str]:
    faults = []
    envelope = bytes(signoff.envelope)
    if sha256_hex(envelope) != signoff.envelope_sha256:
        faults.append("the envelope's bytes do not have its digest")
    try:
        payload = dsse.verify(
            envelope, PAYLOAD_TYPE, {signoff.key.key_id: bytes(signoff.key.public)}
        )
    except dsse.BadEnvelope as error:
        faults.append(str(error))
    else:
        faults += _differences(signoff, payload)
    if claim_root(signed_claims(signoff)).hex() != signoff.claim_root:
        faults.append("the kept claims do not have the signed claim root")
    if signoff.seq is None or not audit.included(signoff.seq):
        faults.append("its event is not proven to be in the log")
    return faults


def _differences(signoff: Signoff, payload: bytes) -> list[str]:
    """Where the row says something else than the envelope that was signed."""
    signed = json.loads(payload)["predicate"]
    statement, signing = signed["statement"], signed["signing"]
    pairs = {
        "review": (str(signoff.review.uuid), statement["review"]),
        "role": (signoff.role, statement["role"]),
        "claim root": (signoff.claim_root, statement["claimRoot"]),
        "earlier signatures": (signoff.earlier, statement["earlier"]),
        "meaning": (signoff.meaning, signing["meaning"]),
        "note": (signoff.note, signing["note"]),
        "signer": (signoff.key.key_id, signing["signer"]["keyId"]),
    }
    return [
        f"the {name} is not the one that was signed"
        for name, (kept, was) in pairs.items()
        if kept != was
    ]
