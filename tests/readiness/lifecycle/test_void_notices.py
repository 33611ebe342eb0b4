"""A signer is written to when a change makes their signature void: once, never a storm."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from operations.models import Notice
from readiness.models import Review, Signoff
from readiness.services import voiding
from readiness.services.claims import claim_item
from readiness.services.reviews import NewReview, open_review
from tests.readiness.approving import line_of, sign_as
from tests.readiness.conftest import COMMIT, make_version

pytestmark = pytest.mark.django_db


def tick(review: Review, who: User, key: str = "SEC-01") -> None:
    row = line_of(review, key)
    claim_item(row.pk, done=not row.claimed, revision=row.revision, note="", by=who)


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


def test_the_letter_goes_to_who_signed_whatever_the_row_says(
    signed: Review, people: dict[str, User], now: datetime
) -> None:
    Signoff.objects.update(signer=people["vera"])
    tick(signed, people["sol"])
    assert voiding.tell(now) == 1
    (letter,) = letters()
    assert (letter.recipient, letter.address) == ("dev", people["dev"].email)


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


def test_all_signed_reviews_are_looked_at_in_batches(
    signed: Review,
    opened: Callable[..., Review],
    people: dict[str, User],
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(voiding, "REVIEWS_AT_ONCE", 1)
    newer = opened("2.0")
    sign_as(newer, people["sol"], "Security Engineer", "reviewed")
    for review in (signed, newer):
        tick(review, people["lena"])
    assert voiding.tell(now) == 2
    assert {letter.recipient for letter in letters()} == {"dev", "sol"}


def test_of_a_signature_that_holds_nothing_is_asked(
    signed: Review, people: dict[str, User], now: datetime
) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert voiding.tell(now) == 0
        return len(seen.captured_queries)

    one = asked()
    sign_as(signed, people["sol"], "Security Engineer", "reviewed")
    sign_as(signed, people["dorian"], "DevOps Engineer", "reviewed")
    assert asked() == one


def test_whose_older_signature_holds_again_is_not_told_that_the_newer_one_is_void(
    signed: Review, people: dict[str, User], now: datetime
) -> None:
    tick(signed, people["sol"])
    sign_as(signed, people["dev"], "Developer", "reviewed")
    tick(signed, people["sol"])
    assert voiding.tell(now) == 0


def test_a_line_that_was_as_signed_in_between_is_told_again(
    people: dict[str, User], now: datetime
) -> None:
    lines = [(f"SEC-0{n}", None, f"Line {n}", "blocking", None, False) for n in (1, 2)]
    version = make_version({("security", "Security", "checks"): lines}, slug="two")
    review = open_review(NewReview(version, "3.0", COMMIT, "staging"), people["dev"])
    sign_as(review, people["dev"], "Developer", "reviewed")
    tick(review, people["sol"], "SEC-01")
    tick(review, people["sol"], "SEC-02")
    voiding.tell(now)
    tick(review, people["sol"], "SEC-01")
    voiding.tell(now + timedelta(hours=2))
    tick(review, people["sol"], "SEC-01")
    assert voiding.tell(now + timedelta(hours=4)) == 1
    assert "SEC-01" in letters()[-1].body
    assert "SEC-02" not in letters()[-1].body


def test_who_was_away_is_told_when_they_are_back(
    signed: Review, people: dict[str, User], now: datetime
) -> None:
    User.objects.filter(pk=people["dev"].pk).update(is_active=False)
    tick(signed, people["sol"])
    assert voiding.tell(now) == 0
    User.objects.filter(pk=people["dev"].pk).update(is_active=True)
    assert voiding.tell(now + timedelta(minutes=1)) == 1
