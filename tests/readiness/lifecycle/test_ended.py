"""Superseded, expired, aborted, invalidated; the next review, and whose badge it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.services import keys
from audit.models import AuditEvent
from kernel import build
from kernel.registry import JOBS
from operations.models import Notice
from readiness.models import Review, Transition
from readiness.queries.lifecycle import to_remind
from readiness.queries.logged import newest_living
from readiness.services import coming_due
from tests.readiness.approving import approve, line_of
from tests.readiness.conftest import became
from tests.readiness.lifecycle.acts import (
    code_of,
    deploy,
    follow_ups,
    kinds,
    pass_time,
    post,
    state,
)

pytestmark = pytest.mark.django_db

# --- the next review ---------------------------------------------------------------------


def test_the_next_review_is_planned_and_reminded_of_once(
    approved: Review, client: Callable[[str], Client]
) -> None:
    path = f"reviews/{approved.uuid}/next-review"
    later = (timezone.now() + timedelta(days=50)).date()
    early = post(client("dev"), path, {"day": later.isoformat()})
    assert (early.status_code, code_of(early)) == (409, "not_deployed")
    deploy(client("dorian"), approved)
    assert post(client("dev"), path, {"day": "2020-01-01"}).status_code == 422
    answer = post(client("dev"), path, {"day": later.isoformat()})
    assert answer.json()["next_review"] == later.isoformat()
    assert coming_due.remind(timezone.now()) == 0
    after = timezone.now() + timedelta(days=51)
    assert coming_due.remind(after) == 1
    assert coming_due.remind(after) == 0
    told = Notice.objects.filter(kind="next-review")
    assert {row.recipient for row in told} == {"dev", "dorian"}


def test_a_day_that_is_planned_while_the_job_runs_is_reminded_of_when_it_comes(
    approved: Review,
    client: Callable[[str], Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    deploy(client("dorian"), approved)
    path = f"reviews/{approved.uuid}/next-review"
    due = timezone.now() + timedelta(days=91)
    found = to_remind(due, 100)
    later = (due + timedelta(days=30)).date().isoformat()
    assert post(client("dev"), path, {"day": later}).status_code == 200
    monkeypatch.setattr(coming_due, "to_remind", lambda at, most: found)
    assert coming_due.remind(due) == 0
    monkeypatch.undo()
    assert coming_due.remind(due + timedelta(days=31)) == 1


def test_nobody_is_asked_to_review_what_was_invalidated(
    approved: Review, client: Callable[[str], Client]
) -> None:
    deploy(client("dorian"), approved)
    Review.objects.filter(pk=approved.pk).update(state="invalidated")
    assert coming_due.remind(timezone.now() + timedelta(days=91)) == 0


def test_nobody_is_asked_to_review_what_another_deployment_replaced(
    approved: Review,
    opened: Callable[..., Review],
    people: dict[str, User],
    client: Callable[[str], Client],
) -> None:
    deploy(client("dorian"), approved)
    elsewhere = opened("1.0", environment="staging")
    approve(elsewhere, people)
    deploy(client("dorian"), elsewhere)
    pass_time(days=1)
    newer = opened("2.0")
    approve(newer, people)
    deploy(client("dorian"), newer)
    due = to_remind(timezone.now() + timedelta(days=200), 100)
    assert {review.pk for review in due} == {elsewhere.pk, newer.pk}
    page = client("vera").get(f"/readiness/reviews/{approved.uuid}/lifecycle/")
    assert "2.0 has been deployed to development since" in page.content.decode()


# --- superseded, expired -----------------------------------------------------------------


def test_a_deployment_supersedes_older_living_reviews_of_its_place_alone(
    opened: Callable[..., Review],
    people: dict[str, User],
    client: Callable[[str], Client],
) -> None:
    older, elsewhere = opened("0.9"), opened("0.9", environment="staging")
    mine = opened("1.0")
    newer = opened("1.1")
    approve(mine, people)
    assert deploy(client("dorian"), mine).status_code == 201
    assert state(older) == "superseded"
    assert [state(each) for each in (elsewhere, newer)] == ["open", "open"]
    told = client("vera").get(f"/api/readiness/reviews/{older.uuid}/lifecycle").json()
    assert told["transitions"][0]["cause"] == str(mine.uuid)
    page = client("vera").get(f"/readiness/reviews/{older.uuid}/lifecycle/")
    assert "superseded" in page.content.decode()
    assert "1.0 was deployed to development by dorian" in page.content.decode()
    assert kinds(older)[-1] == "readiness.review.superseded"


def age(review: Review, days: float) -> None:
    old = timezone.now() - timedelta(days=days)
    Review.objects.filter(pk=review.pk).update(created_at=old)


def test_a_review_expires_after_seven_days_without_deployment(
    opened: Callable[..., Review],
) -> None:
    old, young, demo = opened("1"), opened("2"), opened("3", is_demo=True)
    age(old, 7.1)
    age(young, 6.9)
    age(demo, 30)
    assert coming_due.expire(timezone.now()) == 1
    assert [state(each) for each in (old, young, demo)] == ["expired", "open", "open"]
    event = AuditEvent.objects.get(kind="readiness.review.expired")
    assert event.actor == "j:readiness.lifecycle"
    assert coming_due.expire(timezone.now()) == 0


def test_nothing_expires_in_the_demo(
    opened: Callable[..., Review], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = opened("1")
    age(old, 30)
    monkeypatch.setattr(settings, "RRR_ENV", "demo")
    JOBS["readiness.lifecycle"].function({})
    assert state(old) == "open"
    monkeypatch.setattr(settings, "RRR_ENV", "production")
    JOBS["readiness.lifecycle"].function({})
    assert state(old) == "expired"


# --- aborted, invalidated ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status"), [("dev", 200), ("root", 200), ("sol", 403), ("vera", 403)]
)
def test_its_opener_or_an_administrator_aborts_a_review(
    review: Review, client: Callable[[str], Client], who: str, status: int
) -> None:
    answer = post(client(who), f"reviews/{review.uuid}/abort", {"reason": "a typo"})
    assert answer.status_code == status, answer.content
    assert state(review) == ("aborted" if status == 200 else "open")


def test_an_abortion_wants_a_reason_and_is_final(
    review: Review, client: Callable[[str], Client]
) -> None:
    url = f"/readiness/reviews/{review.uuid}/abort/"
    assert client("dev").post(url, {"reason": " "}).status_code == 422
    assert client("dev").post(url, {"reason": "the wrong commit"}).status_code == 302
    again = client("root").post(url, {"reason": "again"})
    assert again.status_code == 409
    assert "was aborted" in again.content.decode()
    line = line_of(review)
    claim = {"done": True, "revision": line.revision}
    refused = post(client("sol"), f"items/{line.pk}/claim", claim)
    assert "Reason: the wrong commit" in refused.json()["detail"]
    assert deploy(client("dorian"), review).status_code == 409
    event = AuditEvent.objects.get(kind="readiness.review.aborted")
    assert "wrong commit" not in bytes(event.body).decode()


def test_nobody_invalidates_what_is_whole(
    approved: Review, client: Callable[[str], Client], people: dict[str, User]
) -> None:
    path = f"reviews/{approved.uuid}/invalidate"
    reason = {"reason": "her laptop was stolen"}
    whole = post(client("root"), path, reason)
    assert (whole.status_code, code_of(whole)) == (409, "nothing_broken")
    deploy(client("dorian"), approved)
    keys.revoke(people["lena"], "compromised", by=people["lena"])
    assert post(client("dev"), path, reason).status_code == 403
    answer = post(client("root"), path, reason)
    assert answer.status_code == 200, answer.content
    assert answer.json()["state"] == "invalidated"
    assert state(approved) == "invalidated"
    pass_time(days=50)
    row = follow_ups(approved)[0]
    late = post(client("dev"), f"follow-ups/{row.pk}/done", {"note": "x"})
    assert late.status_code == 409
    assert coming_due.open_follow_ups(timezone.now()) == 0
    assert Transition.objects.filter(review=approved).count() == 2


# --- which review is spoken of -----------------------------------------------------------


def test_the_badge_speaks_of_the_running_commit(
    opened: Callable[..., Review], monkeypatch: pytest.MonkeyPatch
) -> None:
    here = opened("1.0", commit=build.running().commit, environment=settings.RRR_ENV)
    opened("2.0", commit="cd" * 20)
    assert newest_living() == here
    Review.objects.filter(pk=here.pk).update(state="aborted")
    assert newest_living() == here, "nobody hides it by its column"
    Review.objects.filter(pk=here.pk).update(state="open")
    became(here, "aborted")
    spoken_of = newest_living()
    assert spoken_of is not None
    assert spoken_of.release == "2.0"


def test_the_page_offers_only_what_may_be_done(
    approved: Review, client: Callable[[str], Client]
) -> None:
    url = f"/readiness/reviews/{approved.uuid}/lifecycle/"
    assert "Mark as deployed" in client("dorian").get(url).content.decode()
    assert "Mark as deployed" not in client("vera").get(url).content.decode()
    assert "Abort the review" in client("dev").get(url).content.decode()
    assert "Abort the review" not in client("sol").get(url).content.decode()
    assert "Invalidate the review" not in client("root").get(url).content.decode()
    done = client("dorian").post(
        f"/readiness/reviews/{approved.uuid}/deploy/", follow=True
    )
    assert "due" in done.content.decode()
    assert "Abort the review" not in client("dev").get(url).content.decode()
