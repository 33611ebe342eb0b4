"""What a page costs does not grow with the checklist, its evidence or its log."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.models import User
from kernel.build import Build
from readiness.models import Evidence, Review, ReviewItem, Standing
from readiness.queries.reviews import find_review
from readiness.services.evidence import collecting
from rrr_dashboard import shell
from rrr_dashboard.demo import review as demo
from tests.queries import at_most
from tests.readiness.conftest import log_verdict, until

Person = Callable[..., User]
ClientOf = Callable[[User], Client]
COMMIT = "ab" * 20


@pytest.fixture(autouse=True)
def _badges_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shell's counts are kept for seconds: on a slow machine they would be
    read again in the middle of what is counted."""
    monkeypatch.setattr(shell, "counts", dict)
    cache.clear()


@pytest.fixture
def review(person: Person, ada: User, monkeypatch: pytest.MonkeyPatch) -> Review:
    """The product's own 101 lines, every check with a record that counts."""
    person("developer", "Developer")
    monkeypatch.setattr(demo, "running", lambda: Build(COMMIT, clean=True))
    monkeypatch.setattr("kernel.build.running", lambda: Build(COMMIT, clean=True))
    opened = demo.load(ada)
    assert opened is not None
    found = find_review(opened)
    assert ReviewItem.objects.filter(review=found).count() == 101
    now = timezone.now()
    for row in ReviewItem.objects.filter(review=found).select_related("review"):
        for check in row.item.checks.all():
            record = Evidence.objects.create(
                review_item=row,
                check_of=check,
                kind="metric",
                verdict="pass",
                summary="seen",
                probe=check.probe,
                commit=COMMIT,
                environment="development",
                collector="j:test",
                observed_at=now,
                valid_until=until(check, "pass", now),
            )
            log_verdict(row, check, "pass")
            Standing.objects.create(
                review_item=row, check_of=check, latest=record, conclusive=record
            )
    return found


def tick(client: Client, row: ReviewItem) -> int:
    answer = client.post(
        f"/readiness/reviews/{row.review.uuid}/items/{row.pk}/claim/",
        {"done": "true", "revision": row.revision},
        headers={
            "HX-Request": "true",
            "HX-Request-Type": "partial",
            "HX-Target": "li#x",
        },
    )
    return int(answer.status_code)


def test_a_tick_on_101_lines(review: Review, ada: User, client_of: ClientOf) -> None:
    client = client_of(ada)
    client.get(f"/readiness/reviews/{review.uuid}/")
    row = ReviewItem.objects.select_related("review").get(
        review=review, item__key="SEC-03.1"
    )
    with at_most("readiness.tick"):
        status = tick(client, row)
    assert status == 200


def test_the_page_of_a_review(review: Review, ada: User, client_of: ClientOf) -> None:
    client = client_of(ada)
    url = f"/readiness/reviews/{review.uuid}/"
    client.get(url)
    with at_most("readiness.review"):
        page = client.get(url)
    assert page.status_code == 200


def test_the_list_of_reviews(review: Review, ada: User, client_of: ClientOf) -> None:
    client = client_of(ada)
    client.get("/readiness/")
    with at_most("readiness.reviews"):
        page = client.get("/readiness/")
    assert page.status_code == 200


def test_a_round_of_the_job_with_nothing_new(review: Review) -> None:
    collecting.collect(timezone.now())
    with at_most("readiness.collect"):
        collecting.collect(timezone.now())
