"""What people do to a review, and how it stands then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from audit.models import AuditEvent
from readiness.models import FollowUp, Review
from readiness.queries.board import board
from readiness.queries.progress import progress, state_of


def post(client: Client, path: str, body: object = None) -> Any:
    return client.post(f"/api/readiness/{path}", body or {}, "application/json")


def code_of(answer: Any) -> str:
    return str(answer.json()["type"]).rpartition(":")[2]


def deploy(client: Client, review: Review) -> Any:
    return post(client, "deployments", {"review": str(review.uuid)})


def state(review: Review) -> str:
    row = Review.objects.select_related("version__template").get(pk=review.pk)
    today = board(row, timezone.now())
    return str(state_of(today, progress(today)))


def kinds(review: Review) -> list[str]:
    events = AuditEvent.objects.filter(object=f"review:{review.uuid}").order_by("seq")
    return list(events.values_list("kind", flat=True))


class Clock:
    """The time of the stories: they begin a year ago, so that none lasts longer
    than the sessions of its people, which begin now."""

    def __init__(self) -> None:
        self.passed = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) - timedelta(days=365) + self.passed


CLOCK = Clock()


def pass_time(days: float) -> None:
    CLOCK.passed += timedelta(days=days)


def follow_ups(review: Review) -> list[FollowUp]:
    return list(FollowUp.objects.filter(review=review).order_by("due_at"))
