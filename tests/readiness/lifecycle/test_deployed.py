"""From approved to deployed to closed, and every way of cheating on it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from kernel.registry import JOBS
from operations.models import Notice
from readiness.models import FollowUp, Review, ReviewItem
from readiness.queries.board import board
from readiness.queries.progress import progress
from tests.readiness.approving import line_of, prove, sign_as
from tests.readiness.conftest import COMMIT
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

# --- deployed ----------------------------------------------------------------------------


def test_an_approved_review_is_deployed_and_gets_three_follow_ups(
    approved: Review, client: Callable[[str], Client]
) -> None:
    answer = deploy(client("dorian"), approved)

    assert answer.status_code == 201, answer.content
    told = answer.json()
    assert told["state"] == "deployed"
    assert [each["window"] for each in told["follow_ups"]] == [
        "24 hours",
        "1 week",
        "1 month",
    ]
    assert {each["state"] for each in told["follow_ups"]} == {"waiting"}
    (entry,) = told["transitions"]
    assert (entry["state"], entry["by"]) == ("deployed", "dorian")
    assert kinds(approved)[-1] == "readiness.review.deployed"


def test_it_is_named_as_the_gate_names_it(
    approved: Review, client: Callable[[str], Client]
) -> None:
    named = {"release": "1.0", "environment": "development", "commit": COMMIT}
    assert post(client("opal"), "deployments", named).status_code == 201
    assert post(client("opal"), "deployments", {"release": "1.0"}).status_code == 422
    other = {**named, "release": "9"}
    assert post(client("opal"), "deployments", other).status_code == 404


def test_what_is_not_approved_is_not_deployed(
    review: Review, people: dict[str, User], client: Callable[[str], Client]
) -> None:
    answer = deploy(client("dorian"), review)
    assert (answer.status_code, code_of(answer)) == (409, "not_approved")
    assert "1 line blocks it" in answer.json()["detail"]
    prove(review, people)
    assert "Developer" in deploy(client("dorian"), review).json()["detail"]
    sign_as(review, people["dev"], "Developer", "rejected")
    assert "rejects" in deploy(client("dorian"), review).json()["detail"]
    assert state(review) == "rejected"


def test_a_change_after_the_last_signature_keeps_it_from_being_deployed(
    approved: Review, client: Callable[[str], Client]
) -> None:
    line = line_of(approved)
    claim = {"done": True, "revision": line.revision}
    assert post(client("sol"), f"items/{line.pk}/claim", claim).status_code == 200
    answer = deploy(client("dorian"), approved)
    assert answer.status_code == 409
    assert "Developer, Security Engineer" in answer.json()["detail"]


def test_what_the_log_tells_otherwise_is_not_deployed(
    approved: Review, client: Callable[[str], Client]
) -> None:
    line = line_of(approved)
    claim = {"done": True, "revision": line.revision}
    assert post(client("sol"), f"items/{line.pk}/claim", claim).status_code == 200
    ReviewItem.objects.filter(pk=line.pk).update(
        claimed=False, claimed_by=None, claimed_at=None
    )
    assert state(approved) == "open"
    answer = deploy(client("dorian"), approved)
    assert (answer.status_code, code_of(answer)) == (409, "record_differs")
    assert "SEC-01: its claim is not the one" in answer.json()["detail"]


@pytest.mark.parametrize("who", ["dev", "root", "vera"])
def test_only_devops_engineers_and_operators_deploy(
    approved: Review, client: Callable[[str], Client], who: str
) -> None:
    assert deploy(client(who), approved).status_code == 403
    page = client(who).post(f"/readiness/reviews/{approved.uuid}/deploy/")
    assert page.status_code == 403
    assert state(approved) == "approved"


def test_it_is_deployed_once(approved: Review, client: Callable[[str], Client]) -> None:
    assert deploy(client("dorian"), approved).status_code == 201
    again = deploy(client("opal"), approved)
    assert again.status_code == 409
    assert "was deployed on" in again.json()["detail"]
    assert "by dorian" in again.json()["detail"]
    assert FollowUp.objects.count() == 3


# --- what has ended takes no more changes ------------------------------------------------


def test_a_deployed_review_takes_no_claim_evidence_waiver_or_signature(
    approved: Review, people: dict[str, User], client: Callable[[str], Client]
) -> None:
    deploy(client("dorian"), approved)
    line = line_of(approved)
    ends = (timezone.now() + timedelta(days=3)).isoformat()
    sent = {
        "claim": {"done": True, "revision": line.revision},
        "evidence": {"kind": "output", "summary": "s", "text": "t"},
        "waivers": {"reason": "r", "risk": "r", "ends": ends},
        "not-applicable": {"reason": "r"},
    }
    for verb, body in sent.items():
        answer = post(client("dev"), f"items/{line.pk}/{verb}", body)
        assert (answer.status_code, code_of(answer)) == (409, "review_ended")
        assert "was deployed on" in answer.json()["detail"]
    with pytest.raises(Exception, match="deployed"):
        sign_as(approved, people["dev"], "Developer", "reviewed")
    page = client("vera").get(f"/readiness/reviews/{approved.uuid}/lifecycle/")
    assert "was deployed on" in page.content.decode()
    assert "by dorian" in page.content.decode()


def test_what_goes_out_of_date_later_does_not_rot_a_deployed_review(
    approved: Review, client: Callable[[str], Client]
) -> None:
    deploy(client("dorian"), approved)
    approved.refresh_from_db()
    next_year = timezone.now() + timedelta(days=365)
    late = board(approved, next_year)
    assert late.verdict.ready
    assert late.at == approved.ended_at
    assert progress(late).complete


# --- followed up, closed -----------------------------------------------------------------


def test_nobody_tells_of_a_month_on_the_first_day(
    approved: Review, client: Callable[[str], Client]
) -> None:
    deploy(client("dorian"), approved)
    for row in follow_ups(approved):
        answer = post(client("dev"), f"follow-ups/{row.pk}/done", {"note": "fine"})
        assert (answer.status_code, code_of(answer)) == (409, "too_early")
    assert state(approved) == "deployed"


def test_the_first_follow_up_makes_it_monitored_and_the_last_one_closes_it(
    approved: Review, client: Callable[[str], Client], people: dict[str, User]
) -> None:
    deploy(client("dorian"), approved)
    pass_time(days=1.5)
    JOBS["readiness.lifecycle"].function({})
    assert state(approved) == "monitoring"
    told = Notice.objects.filter(kind="follow-up-due")
    assert {row.recipient for row in told} == {"dev", "dorian"}
    assert f"/readiness/reviews/{approved.uuid}/lifecycle/" in told[0].body
    JOBS["readiness.lifecycle"].function({})
    assert told.count() == 2

    first, second, third = follow_ups(approved)
    answer = post(client("dev"), f"follow-ups/{first.pk}/done", {"note": "calm"})
    assert answer.status_code == 200, answer.content
    again = post(client("sol"), f"follow-ups/{first.pk}/done", {"note": "calm"})
    assert (again.status_code, code_of(again)) == (409, "answered")
    assert (
        post(client("dev"), f"follow-ups/{second.pk}/done", {"note": "x"}).status_code
        == 409
    )

    pass_time(days=40)
    for row in (second, third):
        url = f"/readiness/reviews/{approved.uuid}/follow-ups/{row.pk}/"
        assert client("opal").post(url, {"note": "calm"}).status_code == 302
    assert state(approved) == "closed"
    assert [kind for kind in kinds(approved) if ".review." in kind][-3:] == [
        "readiness.review.deployed",
        "readiness.review.monitoring",
        "readiness.review.closed",
    ]


def test_lines_of_a_follow_up_stand_as_it_does(
    approved: Review, client: Callable[[str], Client]
) -> None:
    deploy(client("dorian"), approved)
    pass_time(days=3)
    row = follow_ups(approved)[0]

    def lines() -> dict[str, str]:
        kept = Review.objects.select_related("version__template").get(pk=approved.pk)
        today = board(kept, timezone.now())
        return {key: str(today.by_key[key].state) for key in ("FUP-01", "FUP-02")}

    assert lines() == {"FUP-01": "overdue", "FUP-02": "open"}
    post(client("dev"), f"follow-ups/{row.pk}/done", {"note": "calm"})
    assert lines() == {"FUP-01": "done", "FUP-02": "open"}


def test_a_follow_up_wants_a_word_and_a_role(
    approved: Review, client: Callable[[str], Client]
) -> None:
    deploy(client("dorian"), approved)
    pass_time(days=2)
    row = follow_ups(approved)[0]
    assert (
        post(client("vera"), f"follow-ups/{row.pk}/done", {"note": "x"}).status_code
        == 403
    )
    url = f"/readiness/reviews/{approved.uuid}/follow-ups/{row.pk}/"
    refused = client("dev").post(url, {"note": "  "})
    assert refused.status_code == 422
    assert 'aria-invalid="true"' in refused.content.decode()
