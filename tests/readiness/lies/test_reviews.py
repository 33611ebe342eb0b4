"""A liar with the database: a review is what the log tells of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from readiness.models import (
    Check,
    Evidence,
    FollowUp,
    Item,
    Review,
    ReviewItem,
    Section,
    Standing,
    Transition,
)
from readiness.queries import structure
from tests.readiness.lies.acts import Attack, is_named_everywhere, saw
from tests.readiness.lifecycle.acts import post

# --- the review itself -------------------------------------------------------------------


def call_it(state: str) -> Attack:
    def attack(review: Review) -> None:
        Review.objects.filter(pk=review.pk).update(state=state)

    attack.__name__ = f"call it {state}"
    return attack


def end_it(review: Review) -> None:
    Review.objects.filter(pk=review.pk).update(ended_at=timezone.now())


def forge_a_deployment(review: Review) -> None:
    """Row, state and follow-ups, as if somebody had."""
    now, by = timezone.now(), User.objects.get(username="dorian")
    Review.objects.filter(pk=review.pk).update(state="deployed", ended_at=now)
    Transition.objects.create(
        review=review, state="deployed", at=now, by=by, salt=b"s" * 32
    )
    FollowUp.objects.create(review=review, window="24 hours", due_at=now)


def ask_nobody_to_sign(review: Review) -> None:
    Review.objects.filter(pk=review.pk).update(policy=review.policy[:1])


def name_another(column: str, value: object) -> Attack:
    def attack(review: Review) -> None:
        Review.objects.filter(pk=review.pk).update(**{column: value})

    attack.__name__ = f"name another {column}"
    return attack


def delete_a_line(review: Review) -> None:
    saw("2")
    Standing.objects.filter(review_item__item__key="SEC-02").delete()
    Evidence.objects.filter(review_item__item__key="SEC-02").delete()
    ReviewItem.objects.filter(review=review, item__key="SEC-02").delete()


def start_anew(change: Callable[[], object]) -> Attack:
    """A template that was changed is looked at by each process that starts."""

    def attack(review: Review) -> None:
        change()
        structure._kept.cache_clear()

    return attack


REVIEWS = [
    (call_it("deployed"), "the database says that it is deployed, the log open"),
    (call_it("closed"), "the database says that it is closed, the log open"),
    (end_it, "the log tells of no end of it"),
    (forge_a_deployment, "the database says that it is deployed, the log open"),
    (ask_nobody_to_sign, "its sign-off policy is not the one"),
    (name_another("commit", "ef" * 20), "its commit is not the one"),
    (name_another("environment", "production"), "its environment is not the one"),
    (name_another("release", "2.0"), "its release is not the one"),
    (name_another("image_digest", "sha256:00"), "its image is not the one"),
    (name_another("is_demo", True), "its being a demo is not the one"),
    (delete_a_line, "SEC-02 is gone from it"),
    (
        start_anew(
            lambda: Item.objects.filter(key="SEC-02").update(blocking="optional")
        ),
        "its checklist is not the one that was published",
    ),
    (
        start_anew(lambda: Section.objects.update(kind="monitoring")),
        "its checklist is not the one that was published",
    ),
    (
        start_anew(lambda: Check.objects.update(required=False)),
        "its checklist is not the one that was published",
    ),
    (
        start_anew(lambda: Check.objects.update(threshold="< 1000")),
        "its checklist is not the one that was published",
    ),
]


@pytest.mark.parametrize(("attack", "text"), REVIEWS)
def test_a_review_that_differs_is_named_everywhere_and_is_not_approved(
    review: Review, vera: Client, attack: Attack, text: str
) -> None:
    attack(review)
    is_named_everywhere(review, vera, text)


def test_nobody_signs_or_deploys_a_review_that_differs(
    review: Review, people: dict[str, User], client_of: Callable[[User], Client]
) -> None:
    name_another("image_digest", "sha256:00")(review)
    answer = post(
        client_of(people["dorian"]), "deployments", {"review": str(review.uuid)}
    )
    assert answer.status_code == 409
    assert answer.json()["type"].endswith(":record_differs")
    sheet = client_of(people["dev"]).get(
        f"/api/readiness/reviews/{review.uuid}/statement?role=Developer"
    )
    assert not sheet.json()["may_sign"]
    assert "its image is not the one" in sheet.json()["reason"]
