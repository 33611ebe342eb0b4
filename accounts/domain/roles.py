"""Roles and what they may do: the one list that groups, pages and tests follow.

A permission is "area.verb". Pure: accounts.services.roles writes them as
Django's groups and permissions.
"""

from __future__ import annotations

AREAS: dict[str, dict[str, str]] = {
    "trading": {
        "view": "Read all books, trades and performance",
        "own": "Read and write own books",
    },
    "trades": {"keep_prices": "Keep the prices and splits that count for every book"},
    "readiness": {
        "view": "Read checklists, reviews and evidence",
        "claim": "Claim items, file and confirm evidence, comment, ask for waivers",
        "sign": "Sign for own role",
        "open": "Open a review",
        "run": "Run probes",
        "templates": "Import and publish templates, set the policy",
        "approve_waivers": "Approve waivers",
        "end": "Abort any review, invalidate one whose log or keys are broken",
        "deploy": "Mark deployments",
        "attest": "File attestations of tests and coverage",
    },
    "operations": {
        "view": "Read jobs, probes, alerts and backups",
        "acknowledge": "Acknowledge alerts",
        "manage": "Set thresholds, run jobs and backups, resolve and silence alerts",
    },
    "audit": {"view": "Read the audit log", "verify": "Verify and export the log"},
    "people": {
        "manage": "Manage people and roles",
        "own_tokens": "Own API tokens",
        "own_key": "Own signing key",
    },
}
PERMISSIONS = tuple(f"{area}.{verb}" for area, verbs in AREAS.items() for verb in verbs)

ADMINISTRATOR = "Administrator"
REVIEWER_ROLES = (
    "Developer",
    "Security Engineer",
    "DevOps Engineer",
    "Technical Lead",
    "Product Owner",
)
_REVIEWER = (
    "readiness.view",
    "readiness.claim",
    "readiness.sign",
    "readiness.open",
    "readiness.run",
    "operations.view",
    "operations.acknowledge",
    "audit.view",
    "people.own_tokens",
    "people.own_key",
)
ROLES: dict[str, tuple[str, ...]] = {
    "Trader": ("trading.own", "readiness.view", "people.own_tokens"),
    **dict.fromkeys(REVIEWER_ROLES, _REVIEWER),
    "DevOps Engineer": (*_REVIEWER, "readiness.deploy"),
    "Operator": (
        "readiness.view",
        "readiness.run",
        "readiness.deploy",
        "operations.view",
        "operations.acknowledge",
        "operations.manage",
        "audit.view",
        "people.own_tokens",
    ),
    "Viewer": (
        "trading.view",
        "readiness.view",
        "operations.view",
        "people.own_tokens",
    ),
    ADMINISTRATOR: (
        "trading.view",
        "trades.keep_prices",
        "readiness.view",
        "readiness.open",
        "readiness.templates",
        "readiness.approve_waivers",
        "readiness.end",
        "operations.view",
        "audit.view",
        "audit.verify",
        "people.manage",
        "people.own_tokens",
        "people.own_key",
    ),
}
# What people are told a role is for.
DUTIES: dict[str, str] = {
    "Trader": "Books and reads trades in books of their own",
    **dict.fromkeys(REVIEWER_ROLES, "Works reviews and signs them in this role"),
    "Operator": "Watches operations, alerts and backups",
    "Viewer": "Reads trading, readiness and operations",
    ADMINISTRATOR: "Manages people, checklists and books; signs for nobody",
}

# What a service account may be beside its roles; nobody manages people without a face.
SERVICE_ROLES = tuple(role for role in ROLES if role != ADMINISTRATOR)
ATTESTS = "readiness.attest"

# What the product's own probes may read; they write nothing.
PROBE_PERMISSIONS = ("trading.view", "readiness.view", "operations.view", "audit.view")
