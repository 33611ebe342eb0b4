"""What a sign-off's envelope says, and whether the log bears it out. Pure.

Columns are never asked: a row of the database can be edited, an envelope cannot.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from audit.domain import dsse
from audit.domain.canonical import sha256_hex
from readiness.domain.statements import PAYLOAD_TYPE

COMPROMISED = "compromised"


@dataclass(frozen=True)
class SignedReview:
    """What a signature is about. Each of these is signed, so a row of the review that
    says something else is not what people approved. Digests in hex."""

    review: str
    commit: str
    environment: str
    release: str
    policy_sha256: str
    template_sha256: str


NAMES = {
    "review": "review",
    "commit": "commit",
    "environment": "environment",
    "release": "release",
    "policy_sha256": "sign-off policy",
    "template_sha256": "template",
}


@dataclass(frozen=True)
class SignedWords:
    """What was signed, as people read it. `claim_root` and `earlier` in hex."""

    role: str
    meaning: str
    note: str
    handle: str
    name: str
    key_id: str
    signed_at: datetime
    claim_root: str
    earlier: Sequence[str]
    about: SignedReview


@dataclass(frozen=True)
class SignedEvent:
    """The log's word on a signature: who, as what, which envelope (hex digest)."""

    seq: int
    actor: str
    role: str
    meaning: str
    envelope_sha256: str
    intact: bool


@dataclass(frozen=True)
class KeyEvents:
    """The log's word on a key: whose it is, its raw public part, and how it ended."""

    actor: str
    public: bytes
    intact: bool
    compromised: bool = False


@dataclass(frozen=True)
class Opened:
    """An envelope held against the log; `said` None where it cannot be read.

    Without `faults` the signature is genuine.
    """

    said: SignedWords | None
    event: SignedEvent | None
    faults: Sequence[str]
    compromised: bool = False


def opened(
    envelope: bytes,
    today: SignedReview,
    events: Mapping[str, SignedEvent],
    keys: Mapping[str, KeyEvents],
) -> Opened:
    """Check an envelope against the review as it is `today`: `events` by envelope
    digest, `keys` by key id."""
    event = events.get(sha256_hex(envelope))
    said, faults = _read(envelope, keys)
    if event is None:
        faults.append("no event of the log tells of this envelope")
    elif not event.intact:
        faults.append("its event in the log was changed")
    if said is None:
        return Opened(None, event, faults)
    key = keys.get(said.key_id)
    faults += [
        f"it was signed for another {name}"
        for field, name in NAMES.items()
        if getattr(said.about, field) != getattr(today, field)
    ]
    if event and (event.role, event.meaning) != (said.role, said.meaning):
        faults.append("the log tells of another role or meaning")
    if event and key and event.actor != key.actor:
        faults.append("its key belongs to somebody else than the log says signed")
    return Opened(said, event, faults, bool(key and key.compromised))


def _read(
    envelope: bytes, keys: Mapping[str, KeyEvents]
) -> tuple[SignedWords | None, list[str]]:
    known = {name: key.public for name, key in keys.items() if key.intact}
    try:
        return _words(json.loads(dsse.verify(envelope, PAYLOAD_TYPE, known))), []
    except dsse.BadEnvelope as error:
        return None, [str(error)]
    except (ValueError, KeyError, TypeError):
        return None, ["the envelope holds no sign-off"]


def _words(payload: Mapping[str, Any]) -> SignedWords:
    statement = payload["predicate"]["statement"]
    signing = payload["predicate"]["signing"]
    return SignedWords(
        about=SignedReview(
            review=statement["review"],
            commit=statement["commit"],
            environment=statement["environment"],
            release=statement["release"],
            policy_sha256=statement["policySha256"],
            template_sha256=statement["template"]["sha256"],
        ),
        role=statement["role"],
        meaning=signing["meaning"],
        note=signing["note"],
        handle=signing["signer"]["handle"],
        name=signing["signer"]["name"],
        key_id=signing["signer"]["keyId"],
        signed_at=datetime.fromisoformat(signing["signedAt"]),
        claim_root=statement["claimRoot"],
        earlier=tuple(statement["earlier"]),
    )
