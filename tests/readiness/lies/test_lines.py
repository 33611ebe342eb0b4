"""A liar with the database: a line proves nothing of which the log does not tell."""

from __future__ import annotations

import pytest
from django.test import Client

from accounts.models import User
from readiness.models import (
    Confirmation,
    Evidence,
    Item,
    Review,
    ReviewItem,
    Standing,
)
from readiness.services.lifecycle import deploy
from readiness.services.reviews import NewReview, open_review
from tests.readiness.conftest import COMMIT, make_version
from tests.readiness.lies.acts import (
    NONE,
    Attack,
    flip_a_fail,
    is_named_everywhere,
    move_the_end,
    records,
    state,
    today,
)


def test_what_services_wrote_is_believed(
    review: Review, people: dict[str, User]
) -> None:
    shown = today(review)
    assert (state(shown), shown.differences) == ("approved", [])
    deploy(review, people["dorian"])
    shown = today(review)
    assert (state(shown), shown.differences) == ("deployed", [])


# --- lines -------------------------------------------------------------------------------


def forget_the_end(review: Review) -> None:
    records().update(valid_until=None)


def take_the_record_of_another_line(review: Review) -> None:
    other = ReviewItem.objects.get(review=review, item__key="SEC-01")
    records().update(review_item=other)


def rename_the_commit(review: Review) -> None:
    records().update(commit="ef" * 20)


def drop_the_standing(review: Review) -> None:
    Standing.objects.filter(check_of__isnull=False).delete()


def exchange_the_file(review: Review) -> None:
    Evidence.objects.filter(kind="output").update(blob_sha256="0" * 64)


def name_another_commit_in_evidence(review: Review) -> None:
    Evidence.objects.filter(kind="output").update(commit="ef" * 20)


def take_the_confirmation_away(review: Review) -> None:
    Confirmation.objects.all().delete()


def take_the_evidence_away(review: Review) -> None:
    Standing.objects.filter(check_of=None).delete()


def claim_for_nobody(review: Review) -> None:
    ReviewItem.objects.filter(review=review, item__key="SEC-01").update(claimed=True)


def swap_two_lines(review: Review) -> None:
    """The evidence of one then stands for the other."""
    rows = ReviewItem.objects.filter(review=review)
    one, two = rows.get(item__key="SEC-01"), rows.get(item__key="SEC-02")
    rows.filter(item__key="FUP-01").update(review=another_review(review))
    rows.filter(pk=one.pk).update(item=Item.objects.get(key="FUP-01"))
    rows.filter(pk=two.pk).update(item=one.item)
    rows.filter(pk=one.pk).update(item=two.item)


def another_review(review: Review) -> Review:
    new = NewReview(make_version(NONE, "none"), "9", COMMIT, "staging")
    return open_review(new, User.objects.get(username="dev"))


LINES = [
    (move_the_end, "SEC-02", "a wrong end of its validity"),
    (forget_the_end, "SEC-02", "a wrong end of its validity"),
    (flip_a_fail, "SEC-02", "the database says pass, the log fail"),
    (take_the_record_of_another_line, "SEC-02", "its record is of another check"),
    (rename_the_commit, "SEC-02", "the database says none, the log pass"),
    (drop_the_standing, "SEC-02", "the database says none, the log pass"),
    (exchange_the_file, "SEC-01", "does not tell that this evidence was filed"),
    (name_another_commit_in_evidence, "SEC-01", "names another commit"),
    (take_the_confirmation_away, "SEC-01", "confirmed evidence that is not there"),
    (take_the_evidence_away, "SEC-01", "confirmed evidence that is not there"),
    (claim_for_nobody, "SEC-01", "its claim is not the one"),
    (swap_two_lines, "SEC-01", "the log tells of it as SEC-02"),
]


@pytest.mark.parametrize(("attack", "key", "text"), LINES)
def test_a_line_that_differs_is_named_everywhere_and_proves_nothing(
    review: Review, vera: Client, attack: Attack, key: str, text: str
) -> None:
    attack(review)

    row = today(review).by_key[key]
    assert row.state == "failed"
    assert text in "; ".join(row.differs)
    assert row.derived.reason.startswith("The record differs from the log: ")
    is_named_everywhere(review, vera, f"{key}: ", text)
    api = f"/api/readiness/reviews/{review.uuid}"
    (item,) = (
        each for each in vera.get(f"{api}/items").json()["items"] if each["key"] == key
    )
    assert item["state"] == "failed"
    assert text in "; ".join(item["differs"])
    signoffs = vera.get(f"{api}/signoffs").json()["signoffs"]
    assert not any(each["valid"] for each in signoffs if each["role"] == "Developer")
