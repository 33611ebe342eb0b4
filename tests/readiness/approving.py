"""From an open review to an approved one: evidence that another confirms, five signatures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from accounts.models import User
from accounts.services import keys
from readiness.models import Review, ReviewItem
from readiness.queries.board import board
from readiness.queries.statements import statement_for
from readiness.services.evidence.filing import (
    NewEvidence,
    confirm_evidence,
    file_evidence,
)
from readiness.services.signing import SignatureRequest, sign
from tests.conftest import PASSWORD

PHRASE = "a phrase of their own"
SIGNERS = {
    "dev": "Developer",
    "sol": "Security Engineer",
    "dorian": "DevOps Engineer",
    "lena": "Technical Lead",
    "omar": "Product Owner",
}
# One line that a person proves, and one after the deployment for each follow-up.
SHORT: dict[Any, Any] = {
    ("security", "Security", "checks"): [
        ("SEC-01", None, "Keys are rotated", "blocking", None, False),
    ],
    ("first-24-hours", "First 24 Hours", "monitoring"): [
        ("FUP-01", None, "Errors stay low", "blocking", None, False),
    ],
    ("first-month", "First Month", "monitoring"): [
        ("FUP-02", None, "Costs were looked at", "blocking", None, False),
    ],
}


def signers(person: Callable[..., User]) -> dict[str, User]:
    people = {name: person(name, role) for name, role in SIGNERS.items()}
    for each in people.values():
        keys.create(each, PHRASE)
    return people


def line_of(review: Review, key: str = "SEC-01") -> ReviewItem:
    rows = ReviewItem.objects.select_related("item", "review__version__template")
    return rows.get(review=review, item__key=key)


def prove(review: Review, people: dict[str, User]) -> None:
    line = line_of(review)
    filed = file_evidence(line, NewEvidence("output", "seen", b"yes"), people["dev"])
    confirm_evidence(line, filed.pk, people["sol"])


def sign_as(review: Review, who: User, role: str, meaning: str = "approved") -> None:
    shown = statement_for(board(review, timezone.now()), role, who)
    note = "no" if meaning == "rejected" else ""
    sign(
        review,
        SignatureRequest(role, meaning, shown.sha256, PASSWORD, PHRASE, note),
        who,
    )


def approve(review: Review, people: dict[str, User]) -> None:
    prove(review, people)
    for name, role in SIGNERS.items():
        sign_as(review, people[name], role)
