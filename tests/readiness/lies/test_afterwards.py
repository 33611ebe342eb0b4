"""A liar with the database: what became of a review is what the log tells."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from audit.domain.canonical import jcs
from audit.domain.merkle import leaf_hash
from audit.models import AuditEvent, guard
from readiness.models import (
    Check,
    FollowUp,
    Review,
    ReviewItem,
    Signoff,
    Transition,
)
from readiness.queries import logged, structure
from tests.readiness.lies.acts import Attack, move_the_end, records, state, today
from tests.readiness.lifecycle.acts import post

# --- after the deployment ----------------------------------------------------------------


def reopen(review: Review) -> None:
    Review.objects.filter(pk=review.pk).update(state="open", ended_at=None)


def forget_its_end(review: Review) -> None:
    Review.objects.filter(pk=review.pk).update(ended_at=None)


def answer_a_follow_up(review: Review) -> None:
    by = User.objects.get(username="dev")
    FollowUp.objects.filter(window="24 hours").update(
        done_at=timezone.now(), done_by=by, note="calm"
    )


def put_off_a_follow_up(review: Review) -> None:
    FollowUp.objects.filter(window="24 hours").update(
        due_at=timezone.now() + timedelta(days=900)
    )


def forget_the_follow_ups(review: Review) -> None:
    FollowUp.objects.all().delete()


AFTERWARDS = [
    (reopen, "the database says that it is open, the log deployed"),
    (forget_its_end, "it did not end when the database says"),
    (answer_a_follow_up, "24 hours: the log does not tell that it was answered"),
    (put_off_a_follow_up, "24 hours: it is not due when the database says"),
    (forget_the_follow_ups, "24 hours: its row is gone"),
]


@pytest.mark.parametrize(("attack", "text"), AFTERWARDS)
def test_what_became_of_a_review_is_what_the_log_tells(
    deployed: Review, vera: Client, attack: Attack, text: str
) -> None:
    end = today(deployed).at
    attack(deployed)

    shown = today(deployed, days=3)
    assert (state(shown), shown.at) == ("deployed", end)
    assert shown.by_key["SEC-02"].state == "proven", "facts stand as of its end"
    assert shown.by_key["FUP-01"].state == "overdue"
    api = f"/api/readiness/reviews/{deployed.uuid}"
    for path in ("", "/lifecycle"):
        told = vera.get(f"{api}{path}").json()
        assert told["state"] == "deployed"
        assert text in "; ".join(told["differs"])
    page = vera.get(f"/readiness/reviews/{deployed.uuid}/").content.decode()
    assert text in page


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ({"reason": "all is well"}, "why it was deployed is not what the log tells of"),
        ({"by": None}, "by somebody else than the database says"),
        ({"at": timezone.now()}, "at another time than the database says"),
    ],
)
def test_a_transition_is_told_by_the_log(
    deployed: Review, vera: Client, columns: dict[str, Any], text: str
) -> None:
    Transition.objects.update(**columns)
    told = vera.get(f"/api/readiness/reviews/{deployed.uuid}/lifecycle").json()
    (entry,) = told["transitions"]
    assert (entry["by"], entry["reason"]) == ("dorian", "")
    assert text in "; ".join(told["differs"])


def test_a_transition_of_which_no_event_tells_is_none(
    deployed: Review, vera: Client
) -> None:
    Transition.objects.create(
        review=deployed, state="closed", at=timezone.now(), salt=b"s" * 32
    )
    told = vera.get(f"/api/readiness/reviews/{deployed.uuid}/lifecycle").json()
    assert [each["state"] for each in told["transitions"]] == ["deployed"]
    assert "does not tell that it was closed" in "; ".join(told["differs"])
    page = vera.get(f"/readiness/reviews/{deployed.uuid}/lifecycle/").content.decode()
    assert "was closed on" not in page


def test_who_forged_an_answer_keeps_nobody_from_the_true_one(
    deployed: Review, people: dict[str, User], client_of: Callable[[User], Client]
) -> None:
    answer_a_follow_up(deployed)
    row = FollowUp.objects.get(window="24 hours")
    early = post(client_of(people["sol"]), f"follow-ups/{row.pk}/done", {"note": "x"})
    assert early.json()["type"].endswith(":too_early"), "its moment is the log's"


def test_an_edited_event_of_its_life_is_not_believed(deployed: Review) -> None:
    guard.remove()
    event = AuditEvent.objects.get(kind="readiness.review.deployed")
    body = bytes(event.body).replace(b"review.deployed", b"review.aborted")
    AuditEvent.objects.filter(pk=event.pk).update(
        body=body, kind="readiness.review.aborted"
    )
    logged._KEPT.clear()
    shown = today(deployed)
    assert state(shown) == "open"
    texts = [str(each) for each in shown.differences]
    assert "the event of its being aborted was edited" in texts


def test_claims_after_the_end_count_for_nothing(deployed: Review, vera: Client) -> None:
    """Also where somebody opened the row again, and services took them."""
    reopen(deployed)
    row = ReviewItem.objects.get(review=deployed, item__key="SEC-01")
    claim = {"done": True, "revision": row.revision}
    dev = Client()
    dev.force_login(
        User.objects.get(username="dev"),
        backend="accounts.authentication.PeopleBackend",
    )
    post(dev, f"items/{row.pk}/claim", claim)
    shown = today(deployed)
    assert state(shown) == "deployed"
    assert "its claim is not the one" in "; ".join(shown.by_key["SEC-01"].differs)


def test_a_signature_over_a_changed_line_is_void_and_says_why(
    review: Review, vera: Client
) -> None:
    assert Signoff.objects.count() == 5
    move_the_end(review)
    page = vera.get(f"/readiness/reviews/{review.uuid}/").content.decode()
    assert "SEC-02: its record differs from the log" in page


def test_a_record_of_the_future_was_not_seen(review: Review) -> None:
    later = timezone.now() + timedelta(days=400)
    check = Check.objects.get(probe="cors")
    ends = later + timedelta(seconds=check.freshness + check.grace)
    record = records().get()  # written by a host whose clock is wrong
    record.observed_at, record.valid_until = later, ends
    record.put_under_seal()
    record.save()
    row = today(review).by_key["SEC-02"]
    assert row.state == "stale"
    assert "of the future" in row.derived.reason


def test_events_of_before_tell_less_and_are_believed(deployed: Review) -> None:
    """An older release wrote neither digests of what was opened nor exact moments."""
    newer = {"as_of", "template_sha256", "policy_sha256", "image", "demo"}
    newer.add("shape_sha256")
    guard.remove()
    for event in AuditEvent.objects.all():
        told = json.loads(bytes(event.body))
        told["data"] = {k: v for k, v in told["data"].items() if k not in newer}
        AuditEvent.objects.filter(pk=event.pk).update(
            body=jcs(told), leaf=leaf_hash(jcs(told))
        )
    logged._KEPT.clear()
    structure._kept.cache_clear()
    shown = today(deployed, days=3)
    assert (state(shown), shown.differences) == ("deployed", [])
    assert shown.by_key["FUP-01"].state == "overdue"
