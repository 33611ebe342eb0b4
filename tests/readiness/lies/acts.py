"""What is looked at of a review, and where it must be said that a row differs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.models import User
from kernel.registry import PROBES
from operations.models import ProbeResult
from operations.queries.measurements import params_digest
from readiness.models import (
    Evidence,
    Review,
)
from readiness.queries.board import Board, board
from readiness.queries.document import review_document
from readiness.queries.progress import progress, state_of
from readiness.queries.reviews import find_review
from readiness.services.evidence.collecting import collect
from tests.readiness.conftest import COMMIT

Attack = Callable[[Review], None]
TWO: dict[Any, Any] = {
    ("security", "Security", "checks"): [
        ("SEC-01", None, "Keys are rotated", "blocking", None, False),
        ("SEC-02", None, "Named origins", "blocking", "cors", False),
    ],
    ("first-24-hours", "First 24 Hours", "monitoring"): [
        ("FUP-01", None, "Errors stay low", "blocking", None, False),
    ],
}

NONE: dict[Any, Any] = {("none", "None", "checks"): []}


def saw(value: str) -> None:
    now = timezone.now()
    ProbeResult.objects.create(
        name="cors", params={}, params_digest=params_digest({}), definition="d" * 64,
        about=PROBES["cors"].about, commit=COMMIT, tree_clean=True,
        environment="development", host="here", value=value, detail=f"saw {value}",
        started_at=now, observed_at=now,
    )  # fmt: skip
    collect(now)


def today(review: Review, days: float = 0) -> Board:
    return board(find_review(review.uuid), timezone.now() + timedelta(days=days))


def state(shown: Board) -> str:
    return str(state_of(shown, progress(shown)))


def records() -> Any:
    return Evidence.objects.filter(probe="cors")


def is_named_everywhere(review: Review, vera: Client, *texts: str) -> None:
    """Board, API, list, document and verify page; and the review is not approved."""
    shown = today(review)
    assert not shown.verdict.ready
    assert state(shown) in {"open", "rejected"}
    api = f"/api/readiness/reviews/{review.uuid}"
    told = vera.get(api).json()
    assert told["state"] in {"open", "rejected"}
    assert not told["verdict"]["ready"]
    reviews = vera.get("/api/readiness/reviews").json()["reviews"]
    listed = next(each for each in reviews if each["id"] == str(review.uuid))
    lifecycle = vera.get(f"{api}/lifecycle").json()
    for answer in (told, listed, lifecycle):
        for text in texts:
            assert text in "; ".join(answer["differs"])
    pages = ("", "verify/", "lifecycle/")
    for path in pages:
        html = vera.get(f"/readiness/reviews/{review.uuid}/{path}").content.decode()
        for text in texts:
            assert text.casefold() in html.casefold(), path
    reader = User.objects.get(username="vera")
    made = review_document(shown, progress(shown), reader, shown.at)
    assert "the record differs from the log" in made.verdict
    assert "differs from the log" in vera.get(f"{api}/markdown").content.decode()


# Attacks of more than one story.


def move_the_end(review: Review) -> None:
    records().update(valid_until=timezone.now() + timedelta(days=9999))


def flip_a_fail(review: Review) -> None:
    saw("2")
    records().filter(verdict="fail").update(verdict="pass", valid_until=None)
