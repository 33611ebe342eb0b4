"""What happens to a review at the same moment: who is first decides, nothing is half."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit import queries as audit
from audit.models import AuditEvent
from operations.models import Notice
from readiness.domain.lifecycle import UNDEPLOYED
from readiness.models import FollowUp, Review
from readiness.services import coming_due, voiding
from readiness.services.reviews import NewReview, open_review
from tests.racing import at_once
from tests.readiness.approving import approve, line_of, sign_as
from tests.readiness.conftest import COMMIT, make_version
from tests.readiness.lifecycle.acts import (
    deploy,
    follow_ups,
    kinds,
    pass_time,
    post,
)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]
ROUNDS = 3
TWO = ("dev", "sol")
Opened = Callable[..., Review]
ClientOf = Callable[[str], Client]
LINES = {
    ("security", "Security", "checks"): [
        (f"SEC-0{number}", None, "Keys are rotated", "blocking", None, False)
        for number in (1, 2, 3)
    ]
}


@pytest.fixture
def dorian(client: ClientOf) -> Callable[[], Client]:
    """A client for each request: a Client is not for two threads."""
    return lambda: client("dorian")


@pytest.fixture(autouse=True)
def _served_before(people: dict[str, User], client: ClientOf) -> None:
    """The first request of a process makes its counters: once, not by two threads."""
    client("vera").get("/readiness/")


def stored(review: Review) -> str:
    return str(Review.objects.get(pk=review.pk).state)


def counted(run: Callable[[], int]) -> HttpResponse:
    """What a job says it did, as an answer."""
    return HttpResponse(str(run()))


def test_of_two_who_deploy_the_same_review_one_does(
    opened: Opened, people: dict[str, User], dorian: Callable[[], Client]
) -> None:
    for number in range(ROUNDS):
        review = opened(f"1.{number}")
        approve(review, people)

        answers = at_once([partial(deploy, dorian(), review) for _ in range(2)])

        assert Counter(answer.status_code for answer in answers) == {201: 1, 409: 1}
        assert FollowUp.objects.filter(review=review).count() == 3
        assert kinds(review).count("readiness.review.deployed") == 1
    assert audit.verification().ok


def test_two_reviews_are_deployed_and_the_newer_one_always_is(
    opened: Opened, people: dict[str, User], dorian: Callable[[], Client]
) -> None:
    for number in range(ROUNDS):
        older, newer = opened(f"1.{number}"), opened(f"2.{number}")
        approve(older, people)
        approve(newer, people)

        late, first = at_once(
            [partial(deploy, dorian(), each) for each in (older, newer)]
        )

        assert first.status_code == 201, first.content
        assert stored(newer) == "deployed"
        assert (late.status_code, stored(older)) in {
            (201, "deployed"),
            (409, "superseded"),
        }
        deployed = 3 if late.status_code == 201 else 0
        assert FollowUp.objects.filter(review=older).count() == deployed
        assert FollowUp.objects.filter(review=newer).count() == 3
    assert audit.verification().ok


def test_a_claim_and_a_deployment_never_both_happen(
    opened: Opened, people: dict[str, User], client: ClientOf
) -> None:
    for number in range(ROUNDS):
        review = opened(f"1.{number}")
        approve(review, people)
        line = line_of(review)
        claim = {"done": True, "revision": line.revision}

        deployed, claimed = at_once(
            [
                partial(deploy, client("dorian"), review),
                partial(post, client("dev"), f"items/{line.pk}/claim", claim),
            ]
        )

        answered = (deployed.status_code, claimed.status_code)
        assert answered in {(201, 409), (409, 200)}, (deployed.content, claimed.content)
        assert (stored(review) == "deployed") == (deployed.status_code == 201)
        assert line_of(review).claimed == (claimed.status_code == 200)
    assert audit.verification().ok


def test_several_lines_are_claimed_all_or_none_when_their_review_ends(
    client: ClientOf, people: dict[str, User]
) -> None:
    version = make_version(LINES, slug="three-lines")
    for number in range(ROUNDS):
        new = NewReview(
            version=version,
            release=f"1.{number}",
            commit=COMMIT,
            environment="development",
        )
        review = open_review(new, people["dev"])
        lines = [line_of(review, f"SEC-0{each}") for each in (1, 2, 3)]
        seen = [{"item": each.pk, "revision": each.revision} for each in lines]
        before = AuditEvent.objects.filter(kind="readiness.item.claimed").count()

        ended, claimed = at_once(
            [
                partial(
                    post,
                    client("dev"),
                    f"reviews/{review.uuid}/abort",
                    {"reason": "2.0 is out"},
                ),
                partial(
                    post,
                    client("dev"),
                    f"reviews/{review.uuid}/claims",
                    {"done": True, "lines": seen},
                ),
            ]
        )

        assert ended.status_code == 200, ended.content
        assert claimed.status_code in {200, 409}, claimed.content
        after = AuditEvent.objects.filter(kind="readiness.item.claimed").count()
        assert after - before == (3 if claimed.status_code == 200 else 0)
    assert audit.verification().ok


def test_of_an_expiry_and_a_deployment_one_happens(
    opened: Opened, people: dict[str, User], dorian: Callable[[], Client]
) -> None:
    for number in range(ROUNDS):
        review = opened(f"1.{number}")
        approve(review, people)
        late = timezone.now() + UNDEPLOYED

        deployed, expired = at_once(
            [
                partial(deploy, dorian(), review),
                partial(counted, partial(coming_due.expire, late)),
            ]
        )

        assert (deployed.status_code, int(expired.content)) in {(201, 0), (409, 1)}
        assert stored(review) == (
            "deployed" if int(expired.content) == 0 else "expired"
        )
    assert audit.verification().ok


def test_jobs_that_run_twice_at_once_tell_once(
    opened: Opened, people: dict[str, User], client: ClientOf
) -> None:
    for number in range(ROUNDS):
        review, other = opened(f"1.{number}"), opened(f"2.{number}")
        approve(review, people)
        assert deploy(client("dorian"), review).status_code == 201
        sign_as(other, people["dev"], "Developer", "reviewed")
        line = line_of(other)
        claim = {"done": True, "revision": line.revision}
        post(client("sol"), f"items/{line.pk}/claim", claim)
        late = timezone.now() + timedelta(days=91)
        for job in (coming_due.open_follow_ups, coming_due.remind, voiding.tell):
            runs = at_once([partial(counted, partial(job, late))] * 2)
            told = sum(int(run.content) for run in runs)
            assert told == (3 if job is coming_due.open_follow_ups else 1)
    assert Notice.objects.filter(kind="next-review").count() == 2 * ROUNDS
    assert Notice.objects.filter(kind="signature-void").count() == ROUNDS


def test_a_follow_up_that_two_answer_is_answered_once_and_closes_once(
    opened: Opened, people: dict[str, User], client: ClientOf
) -> None:
    for number in range(ROUNDS):
        review = opened(f"1.{number}")
        approve(review, people)
        deploy(client("dorian"), review)
        pass_time(days=40)
        for row in follow_ups(review):
            path, body = f"follow-ups/{row.pk}/done", {"note": "calm"}
            both = at_once([partial(post, client(who), path, body) for who in TWO])
            assert sorted(answer.status_code for answer in both) == [200, 409]
        assert stored(review) == "closed"
        assert kinds(review).count("readiness.review.closed") == 1
    assert audit.verification().ok
