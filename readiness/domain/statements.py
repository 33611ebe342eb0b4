"""What is signed: the statement a person reads, and the predicate around it.

The statement holds everything that is known before and after reading; what is
added while signing stands beside it, never inside. Formats are kept for ever.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from audit.domain.canonical import jcs, sha256_hex, stamp

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
SIGNOFF = "https://rrr-dashboard.invalid/readiness/signoff/v1"
REVIEWED, APPROVED, REJECTED = "reviewed", "approved", "rejected"
MEANINGS = (APPROVED, REVIEWED, REJECTED)


@dataclass(frozen=True)
class TemplateName:
    """A template version; `sha256` is of its source bytes."""

    slug: str
    version: str
    sha256: str


@dataclass(frozen=True)
class Statement:
    """Hex digests; `earlier` the envelopes of the groups before, `group` as text."""

    claim_root: str
    commit: str
    earlier: Sequence[str]
    environment: str
    group: str
    policy_sha256: str
    release: str
    review: str
    role: str
    template: TemplateName

    def document(self) -> dict[str, Any]:
        return {
            "claimRoot": self.claim_root,
            "commit": self.commit,
            "earlier": sorted(self.earlier),
            "environment": self.environment,
            "group": self.group,
            "policySha256": self.policy_sha256,
            "release": self.release,
            "review": self.review,
            "role": self.role,
            "template": {
                "slug": self.template.slug,
                "version": self.template.version,
                "sha256": self.template.sha256,
            },
        }

    def bytes(self) -> bytes:
        """The canonical JSON that is shown; its digest is what people confirm."""
        return jcs(self.document())

    def sha256(self) -> str:
        return sha256_hex(self.bytes())


@dataclass(frozen=True)
class Signing:
    """What is added while signing. `summary` counts states, as text."""

    meaning: str
    note: str
    handle: str
    name: str
    key_id: str
    auth_method: str
    auth_at: datetime
    signed_at: datetime
    nonce: str
    log_origin: str
    log_size: int
    log_root: str
    summary: Mapping[str, str] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return {
            "meaning": self.meaning,
            "note": self.note,
            "signer": {"handle": self.handle, "name": self.name, "keyId": self.key_id},
            "auth": {"method": self.auth_method, "at": stamp(self.auth_at)},
            "signedAt": stamp(self.signed_at),
            "nonce": self.nonce,
            "log": {
                "origin": self.log_origin,
                "size": str(self.log_size),
                "root": self.log_root,
            },
            "summary": dict(self.summary),
        }


def policy_sha256(policy: Sequence[Mapping[str, Any]]) -> str:
    """The digest of a review's frozen policy: exactly role, sections, group,
    minimum and distinct of each rule, numbers as text."""
    return sha256_hex(
        jcs(
            [
                {
                    "role": rule["role"],
                    "sections": list(rule["sections"]),
                    "group": str(rule["group"]),
                    "minimum": str(rule["minimum"]),
                    "distinct": bool(rule["distinct"]),
                }
                for rule in policy
            ]
        )
    )


def payload(statement: Statement, signing: Signing, role_slug: str) -> bytes:
    """The in-toto Statement over the claim root and the commit, as it is signed."""
    return jcs(
        {
            "_type": STATEMENT_TYPE,
            "subject": [
                {
                    "name": f"review/{statement.review}/{role_slug}",
                    "digest": {"sha256": statement.claim_root},
                },
                {"name": "git", "digest": {"gitCommit": statement.commit}},
            ],
            "predicateType": SIGNOFF,
            "predicate": {
                "statement": statement.document(),
                "signing": signing.document(),
            },
        }
    )


def words(
    statement: Statement,
    *,
    scope: Sequence[str],
    claims: int,
    states: Mapping[str, int],
) -> str:
    """What a person reads before signing; the meaning is theirs to add."""
    counted = ", ".join(
        f"{number} {state.replace('_', ' ')}"
        for state, number in states.items()
        if number
    )
    return (
        f"As {statement.role} I looked at {_plural(claims, 'claim')} in "
        f"{_plural(len(scope), 'section')} ({', '.join(scope)}) of template "
        f"{statement.template.slug} version {statement.template.version}, for release "
        f"{statement.release}, commit {statement.commit}, to {statement.environment}. "
        f"Today they are: {counted or 'none'}."
    )


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
