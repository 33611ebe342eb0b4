"""A review's states and the sign-off policy it starts with. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from readiness.domain.state import OUTSIDE

TECHNICAL = "checks"


class Environment(StrEnum):
    DEMO = "demo"
    DEVELOPMENT = "development"
    STAGING = "staging"
    PRODUCTION = "production"


class ReviewState(StrEnum):
    """`ready` and `approved` are derived; people or jobs decide the others."""

    DRAFT = "draft"
    OPEN = "open"
    READY = "ready"
    APPROVED = "approved"
    DEPLOYED = "deployed"
    MONITORING = "monitoring"
    CLOSED = "closed"
    REJECTED = "rejected"
    INVALIDATED = "invalidated"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    ABORTED = "aborted"


SIGNABLE = frozenset({ReviewState.OPEN, ReviewState.READY, ReviewState.APPROVED})


class Refusal(StrEnum):
    """Why a person may not sign as a role now."""

    ROLE = "role"
    STATE = "state"
    ONE_ROLE = "one_role"
    ORDER = "order"
    NO_SIGNING_KEY = "no_signing_key"
    RECORD_DIFFERS = "record_differs"


@dataclass(frozen=True)
class PolicySection:
    """A section as the policy sees it."""

    slug: str
    title: str
    kind: str


@dataclass(frozen=True)
class PolicyRule:
    """`role` signs `sections` in `group`: `minimum` signatures, by that many
    `distinct` persons."""

    role: str
    sections: tuple[str, ...]
    group: int
    minimum: int = 1
    distinct: bool = True

    def frozen(self) -> dict[str, object]:
        """As it is kept in a review and hashed: numbers as text (FORMATS)."""
        return {
            "role": self.role,
            "sections": list(self.sections),
            "group": str(self.group),
            "minimum": str(self.minimum),
            "distinct": self.distinct,
        }


# role, words that its sections' titles hold (none: all), group
_SEED: tuple[tuple[str, tuple[str, ...], int], ...] = (
    ("Developer", (), 1),
    ("Security Engineer", ("security",), 1),
    ("DevOps Engineer", ("infrastructure", "monitoring", "performance"), 1),
    ("Technical Lead", (), 2),
    ("Product Owner", (), 2),
)


def default_policy(headings: Sequence[PolicySection]) -> list[PolicyRule]:
    """The checklist's five roles in their order.

    Group 1 signs technical sections, group 2 everything inside readiness. A role
    whose words match no section takes all technical ones: nobody signs nothing.
    """
    technical = [heading for heading in headings if heading.kind == TECHNICAL]
    inside = [heading for heading in headings if heading.kind not in OUTSIDE]
    rules = []
    for role, titles, group in _SEED:
        scope = technical if group == 1 else inside
        mine = [
            heading
            for heading in scope
            if not titles or any(word in heading.title.lower() for word in titles)
        ]
        rules.append(
            PolicyRule(role, tuple(heading.slug for heading in mine or scope), group)
        )
    return rules


def review_state(
    stored: str, *, ready: bool, complete: bool, rejected: bool = False
) -> ReviewState:
    """What a review is today: an open one is `rejected` while a valid signature says
    so, else `ready` when nothing blocks it and `approved` when the policy is complete
    too; decisions of people stand."""
    state = ReviewState(stored)
    if state is not ReviewState.OPEN:
        return state
    if rejected:
        return ReviewState.REJECTED
    if not ready:
        return state
    return ReviewState.APPROVED if complete else ReviewState.READY


def may_sign(state: str) -> bool:
    """Signing starts when a review is open and ends when it is deployed."""
    return state in SIGNABLE


def meaning_allowed(meaning: str, *, ready: bool) -> bool:
    """`approved` says that the release may go: only a ready review lets it."""
    return meaning != "approved" or ready
