"""What a signature stands on: one claim per item, hashed into a claim root.

The bytes are a format that is kept for ever (one known case is a test). Samples,
times, comments and freshness are no part of a claim: a probe that is run again
with the same verdict voids nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from audit.domain import merkle
from audit.domain.canonical import jcs, sha256_hex, stamp

IMPORT = "import"


@dataclass(frozen=True)
class ClaimedCheck:
    """`verdict` is the latest conclusive one for the review: pass, fail, none."""

    probe: str
    definition_sha256: str
    threshold: str | None
    verdict: str


@dataclass(frozen=True)
class ClaimedWaiver:
    reason: str
    approver: str
    ends: datetime


@dataclass(frozen=True)
class ClaimedNotApplicable:
    reason: str
    persons: Sequence[str]


@dataclass(frozen=True)
class Claim:
    """One item as it is signed. `by` is a handle, "import" or None; `evidence` the
    digests of what persons filed and others confirmed."""

    key: str
    title: str
    body: str
    blocking: str
    done: bool
    by: str | None
    fields: Mapping[str, str] = field(default_factory=dict)
    checks: Sequence[ClaimedCheck] = ()
    waiver: ClaimedWaiver | None = None
    not_applicable: ClaimedNotApplicable | None = None
    evidence: Sequence[str] = ()

    def bytes(self) -> bytes:
        """The exact bytes that are hashed into the claim root."""
        return jcs(
            {
                "key": self.key,
                "title": self.title,
                "body_sha256": sha256_hex(self.body.encode()),
                "blocking": self.blocking,
                "fields": dict(self.fields),
                "claim": {"done": self.done, "by": self.by},
                "checks": [_check(check) for check in self.checks],
                "waiver": _waiver(self.waiver),
                "not_applicable": _not_applicable(self.not_applicable),
                "evidence": sorted(self.evidence),
            }
        )


def _check(check: ClaimedCheck) -> dict[str, Any]:
    return {
        "probe": check.probe,
        "definition_sha256": check.definition_sha256,
        "threshold": check.threshold,
        "verdict": check.verdict,
    }


def _waiver(waiver: ClaimedWaiver | None) -> dict[str, Any] | None:
    if waiver is None:
        return None
    return {
        "reason": waiver.reason,
        "approver": waiver.approver,
        "ends": stamp(waiver.ends),
    }


def _not_applicable(exemption: ClaimedNotApplicable | None) -> dict[str, Any] | None:
    if exemption is None:
        return None
    return {"reason": exemption.reason, "persons": sorted(exemption.persons)}


def claim_root(claims: Sequence[bytes]) -> bytes:
    """The RFC 6962 root over claim bytes in document order."""
    return merkle.root(merkle.leaf_hash(claim) for claim in claims)


@dataclass(frozen=True)
class ClaimChange:
    """One line that is not as it was: its key, what changed, before and now."""

    key: str
    change: str
    before: str = ""
    now: str = ""


_WORDS = {
    "title": "its title",
    "body_sha256": "its text",
    "blocking": "whether it blocks",
    "fields": "a filled-in field",
    "claim": "the claim",
    "checks": "a check or its verdict",
    "waiver": "its waiver",
    "not_applicable": "whether it applies",
    "evidence": "a person's evidence",
}


def changes(before: Sequence[bytes], now: Sequence[bytes]) -> list[ClaimChange]:
    """Where two sets of claims differ, line by line, in today's document order.

    Empty if and only if both have the same claim root (order of lines included).
    """
    old, new = _by_key(before), _by_key(now)
    differing = [
        _difference(key, old[key], new[key])
        if key in old
        else ClaimChange(key, "is new")
        for key in new
        if old.get(key) != new[key]
    ]
    differing += [ClaimChange(key, "is gone") for key in old if key not in new]
    if not differing and list(before) != list(now):
        differing = [
            ClaimChange(key, "stands in another place")
            for key, other in zip(new, old, strict=True)
            if key != other
        ]
    return differing


def _by_key(claims: Sequence[bytes]) -> dict[str, dict[str, Any]]:
    read = [json.loads(claim) for claim in claims]
    return {claim["key"]: claim for claim in read}


def _difference(key: str, old: dict[str, Any], new: dict[str, Any]) -> ClaimChange:
    names = [name for name in _WORDS if old[name] != new[name]]
    changed = " and ".join(_WORDS[name] for name in names)
    return ClaimChange(
        key,
        f"{changed} changed",
        before="; ".join(_said(name, old[name], new[name]) for name in names),
        now="; ".join(_said(name, new[name], old[name]) for name in names),
    )


def _said(name: str, value: Any, other: Any) -> str:
    """One side of a difference in a few words."""
    if name == "claim":
        return f"claimed by {value['by']}" if value["done"] else "not claimed"
    if name == "checks":
        changed = [check for check in value if check not in other]
        return ", ".join(_check_said(check, other) for check in changed) or "no check"
    if name == "waiver":
        return f"waived until {value['ends'][:10]}" if value else "no waiver"
    if name == "not_applicable":
        return "not applicable" if value else "applies"
    if name == "evidence":
        return f"{len(value)} filed"
    if name == "fields":
        return ", ".join(f"{label}: {text}" for label, text in value.items()) or "blank"
    return str(value)[:80]


def _check_said(check: dict[str, Any], other: Sequence[dict[str, Any]]) -> str:
    verdict = "no verdict" if check["verdict"] == "none" else check["verdict"]
    limit = f" ({check['threshold']})" if check["threshold"] else ""
    digest = check["definition_sha256"]
    known = digest in {before["definition_sha256"] for before in other}
    return f"{check['probe']}{limit}{'' if known else f' as {digest[:8]}'}: {verdict}"
