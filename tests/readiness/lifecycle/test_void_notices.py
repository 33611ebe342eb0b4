"""A signer is written to when a change makes their signature void: once, never a storm."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from operations.models import Notice
from readiness.models import Review
from readiness.services import voiding
from readiness.services.claims import claim_item
from tests.readiness.approving import line_of, sign_as

pytestmark = pytest.mark.django_db


def tick(review: Review, who: User) -> None:
    row = line_of(review)
    claim_item(row, done=not row.claimed, revision=row.revision, note="", by=who)


def letters() -> list[Notice]:
    return list(Notice.objects.filter(kind="signature-void").order_by("pk"))


@pytest.fixture
def signed(review: Review, people: dict[str, User]) -> Review:
    sign_as(review, people["dev"], "Developer", "reviewed")
    return review


@pytest.fixture
def now() -> datetime:
    return timezone.now()


def test_it_names_line_person_and_where(
    signed: Review, people: dict[str, User], now: datetime
) -> None:
    assert voiding.tell(now) == 0
    tick(signed, people["sol"])
    assert voiding.tell(now) == 1
    (letter,) = letters()
    assert (letter.recipient, letter.address) == ("dev", people["dev"].email)
    assert letter.subject == (
        "Your signature of 1.0 to development as Developer is void"
    )
    line = line_of(signed)
    assert "SEC-01" in letter.body
    assert "changed by sol" in letter.body
    assert f"/readiness/reviews/{signed.uuid}/items/{line.pk}/" in letter.body


def test_a_change_is_told_once(
    signed: Review, people: dict[str, User], now: datetime
) -> None:
    tick(signed, people["sol"])
    for hours in range(5):
        voiding.tell(now + timedelta(hours=hours))
    assert len(letters()) == 1


def test_a_storm_of_ticks_is_no_storm_of_letters(
    signed: Review, people: dict[str, User], now: datetime
) -> None:
    for minute in range(50):
        tick(signed, people["sol"])
        voiding.tell(now + timedelta(minutes=minute))
    assert len(letters()) == 1


def test_it_is_told_again_once_it_held_in_between(
    signed: Review, people: dict[str, User], now: datetime
) -> None:
    tick(signed, people["sol"])
    voiding.tell(now)
    tick(signed, people["sol"])
    voiding.tell(now + timedelta(hours=2))
    tick(signed, people["lena"])
    voiding.tell(now + timedelta(hours=4))
    assert ["changed by" in letter.body for letter in letters()] == [True, True]
    assert "changed by lena" in letters()[1].body


def test_nobody_is_told_of_a_review_that_has_ended(
    signed: Review, people: dict[str, User], now: datetime
) -> None:
    tick(signed, people["sol"])
    Review.objects.filter(pk=signed.pk).update(state="aborted")
    assert voiding.tell(now) == 0


def test_the_page_says_whose_signature_a_tick_voids(
    signed: Review, people: dict[str, User], client: Callable[[str], Client]
) -> None:
    line = line_of(signed)
    answer = client("sol").post(
        f"/readiness/reviews/{signed.uuid}/items/{line.pk}/claim/",
        {"done": "true", "revision": line.revision},
        headers={
            "HX-Request": "true",
            "HX-Request-Type": "partial",
            "HX-Target": "li#x",
        },
    )
    assert "Void now: the signature dev’s as Developer." in answer.content.decode()
