"""Rows that were changed behind the log's back are named, and nobody signs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.services import keys
from audit.models import AuditEvent, guard
from kernel.build import Build
from kernel.registry import PROBES
from operations.models import ProbeResult
from operations.queries.measurements import params_digest
from readiness.models import (
    Confirmation,
    Evidence,
    NotApplicable,
    Review,
    ReviewItem,
    Standing,
    Waiver,
)
from readiness.queries.board import board
from readiness.queries.item import find_item
from readiness.services.claims import claim_item
from readiness.services.evidence.collecting import collect
from readiness.services.evidence.filing import (
    NewEvidence,
    confirm_evidence,
    file_evidence,
)
from tests.conftest import PASSWORD
from tests.readiness.conftest import COMMIT

PASSPHRASE = "a passphrase of one's own"


@pytest.fixture
def grace(person: Callable[..., User]) -> User:
    return person("grace", "Security Engineer")


@pytest.fixture
def worked(
    review: Review, ada: User, grace: User, monkeypatch: pytest.MonkeyPatch
) -> Review:
    """SEC-03 claimed, SEC-01 seen to pass, PRF-02 filed and confirmed."""
    mine = Build(COMMIT, clean=True)
    monkeypatch.setattr("kernel.build.running", lambda: mine)
    claims(review, "SEC-03", ada)
    saw(review, "0")
    line = find_item(item(review, "PRF-02").pk)
    filed = file_evidence(line, NewEvidence("output", "seen", b"it is so"), ada)
    confirm_evidence(line, filed.pk, grace)
    return review


def item(review: Review, key: str) -> ReviewItem:
    return ReviewItem.objects.get(review=review, item__key=key)


def claims(review: Review, key: str, by: User, *, done: bool = True) -> None:
    line = find_item(item(review, key).pk)
    claim_item(line.pk, done=done, revision=line.revision, note="", by=by)


def saw(review: Review, value: str) -> None:
    now = timezone.now()
    ProbeResult.objects.create(
        name="cors", params={}, params_digest=params_digest({}), definition="d" * 64,
        about=PROBES["cors"].about, commit=COMMIT, tree_clean=True,
        environment="development", host="here", value=value, detail=f"saw {value}",
        started_at=now, observed_at=now,
    )  # fmt: skip
    collect(now)


def differing(review: Review) -> dict[str, str]:
    shown = board(review, timezone.now())
    told: dict[str, str] = {}
    for line in shown.differences:
        told[line.key] = f"{told.get(line.key, '')} {line.text}"
    return told


def test_what_services_wrote_is_what_the_log_tells(worked: Review, ada: User) -> None:
    assert differing(worked) == {}
    claims(worked, "SEC-03", ada, done=False)
    saw(worked, "2")
    assert differing(worked) == {}


def test_ticks_that_came_with_the_import_are_told_by_its_opening(
    make_review: Callable[..., Review], ada: User
) -> None:
    taken = make_review(ada, imported_ticks=True)
    assert item(taken, "SEC-01").claimed_by_import
    assert differing(taken) == {}


def claim_for_somebody(review: Review) -> None:
    grace = User.objects.get(username="grace")
    ReviewItem.objects.filter(pk=item(review, "SEC-03").pk).update(claimed_by=grace)


def claim_what_nobody_claimed(review: Review) -> None:
    ada = User.objects.get(username="ada")
    ReviewItem.objects.filter(pk=item(review, "SEC-03").pk).update(
        claimed=False, claimed_by=None, claimed_at=None
    )
    ReviewItem.objects.filter(pk=item(review, "SEC-02.2").pk).update(
        claimed=True, claimed_by=ada, claimed_at=timezone.now()
    )


def call_it_imported(review: Review) -> None:
    ReviewItem.objects.filter(pk=item(review, "SEC-02.2").pk).update(
        claimed=True, claimed_by_import=True, claimed_at=timezone.now()
    )


def turn_a_fail_into_a_pass(review: Review) -> None:
    saw(review, "2")
    Evidence.objects.filter(verdict="fail").update(verdict="pass")


def point_at_an_older_pass(review: Review) -> None:
    saw(review, "2")
    passed = Evidence.objects.get(probe="cors", verdict="pass")
    Standing.objects.filter(check_of__probe="cors").update(
        latest=passed, conclusive=passed
    )


def another_file(review: Review) -> None:
    Evidence.objects.filter(kind="output").update(blob_sha256="0" * 64)


def another_second_person(review: Review) -> None:
    admin = User.objects.create_user("mallory")
    Confirmation.objects.update(by=admin)


def grant_a_waiver(review: Review) -> None:
    ada, grace = (User.objects.get(username=name) for name in ("ada", "grace"))
    now = timezone.now()
    Waiver.objects.create(
        review_item=item(review, "SEC-02"), reason="trust me", risk="none", ends=now,
        requested_by=ada, approved_by=grace, approved_at=now,
    )  # fmt: skip


def call_it_not_applicable(review: Review) -> None:
    ada, grace = (User.objects.get(username=name) for name in ("ada", "grace"))
    NotApplicable.objects.create(
        review_item=item(review, "SEC-02"), reason="trust me",
        requested_by=ada, approved_by=grace, approved_at=timezone.now(),
    )  # fmt: skip


def edit_the_event(review: Review) -> None:
    guard.remove()
    event = AuditEvent.objects.get(kind="readiness.item.claimed")
    body = bytes(event.body).replace(b"SEC-03", b"SEC-04")
    AuditEvent.objects.filter(pk=event.pk).update(body=body)


ATTACKS = [
    (claim_for_somebody, "SEC-03", "its claim"),
    (claim_what_nobody_claimed, "SEC-02.2", "its claim"),
    (call_it_imported, "SEC-02.2", "its claim"),
    (turn_a_fail_into_a_pass, "SEC-01", "the database says pass, the log fail"),
    (point_at_an_older_pass, "SEC-01", "the database says pass, the log fail"),
    (another_file, "PRF-02", "this evidence was filed"),
    (another_second_person, "PRF-02", "this evidence was confirmed"),
    (grant_a_waiver, "SEC-02", "no approved waiver"),
    (call_it_not_applicable, "SEC-02", "no approved not applicable"),
    (edit_the_event, "SEC-03", "its claim"),
]


@pytest.mark.parametrize(("attack", "key", "text"), ATTACKS)
def test_a_changed_row_is_named(
    worked: Review, attack: Callable[[Review], None], key: str, text: str
) -> None:
    attack(worked)
    assert text in differing(worked)[key]


def test_nobody_signs_a_changed_row(
    worked: Review, ada: User, client_of: Callable[[User], Client]
) -> None:
    keys.create(ada, PASSPHRASE)
    turn_a_fail_into_a_pass(worked)
    client: Any = client_of(ada)
    url = f"/api/readiness/reviews/{worked.uuid}"
    sheet = client.get(f"{url}/statement?role=Developer").json()
    assert not sheet["may_sign"]
    assert "SEC-01: cors" in sheet["reason"]
    body = {
        "role": "Developer",
        "meaning": "reviewed",
        "statement_sha256": sheet["statement_sha256"],
        "password": PASSWORD,
        "passphrase": PASSPHRASE,
    }
    answer = client.post(f"{url}/sign", body, content_type="application/json")
    assert (answer.status_code, answer.json()["type"]) == (
        409,
        "urn:rrr:problem:record_differs",
    )
