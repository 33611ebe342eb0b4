"""What people do to a review, and how it stands then."""

from __future__ import annotations

from datetime import timedelta
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


def pass_time(review: Review, days: float) -> None:
    """As if the review had been deployed so long ago."""
    for row in FollowUp.objects.filter(review=review):
        FollowUp.objects.filter(pk=row.pk).update(
            due_at=row.due_at - timedelta(days=days)
        )


def follow_ups(review: Review) -> list[FollowUp]:
    return list(FollowUp.objects.filter(review=review).order_by("due_at"))
