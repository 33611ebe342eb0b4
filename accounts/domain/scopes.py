"""What a service token may be used for: never more than its owner may do.

A scope is "area:read" (requests that change nothing), "area:write" (those that do)
or `evidence:attest`. Neither includes the other, and nothing reaches people, tokens,
signing keys, signatures or checklist templates. Pure.
"""

from __future__ import annotations

from collections.abc import Collection

ATTEST = "evidence:attest"
IDLE = "audit:write"  # named for completeness: it opens nothing, pages do not offer it
SCOPES: dict[str, str] = {
    "trading:read": "Read books, portfolio, trades and performance",
    "trading:write": "Book and correct trades, transfers and prices",
    "readiness:read": "Read checklists, reviews and evidence",
    "readiness:write": "Claim items, file evidence, open reviews, run probes, mark "
    "deployments",
    "operations:read": "Read jobs, probes, alerts and backups",
    "operations:write": "Acknowledge alerts, set thresholds, run jobs and backups",
    "audit:read": "Read and verify the audit log",
    IDLE: "Nothing yet: the audit log is only ever written by what happens",
    ATTEST: "File reports of tests and coverage as attestations",
}
# The areas of permissions that a scope's area stands for.
_REACH = {
    "trading": {"trading", "trades"},
    "readiness": {"readiness"},
    "operations": {"operations"},
    "audit": {"audit"},
}
# What somebody does in person: no token does it, whatever is ticked.
_IN_PERSON = {
    "readiness.sign",
    "readiness.templates",
    "readiness.approve_waivers",
}
# A permission that no area's scope reaches, only the one named.
_ONLY_BY = {"readiness.attest": ATTEST}


# What a permission is called that lets somebody read.
_READING = {"view", "own", "verify"}


def permitted(
    held: Collection[str], scopes: Collection[str], *, writes: bool
) -> set[str]:
    """Those of the owner's permissions that a token with these scopes may use for a
    request that `writes`, or for one that only reads."""
    return {name for name in held if _reaches(scopes, name, writes=writes)}


def _reaches(scopes: Collection[str], permission: str, *, writes: bool) -> bool:
    if permission in _IN_PERSON:
        return False
    if permission in _ONLY_BY:
        return writes and _ONLY_BY[permission] in scopes
    place, _, verb = permission.partition(".")
    if not writes and verb not in _READING:
        return False
    action = "write" if writes else "read"
    return any(
        place in places and f"{area}:{action}" in scopes
        for area, places in _REACH.items()
    )
