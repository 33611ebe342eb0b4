"""Undo that heals: a line comes back as a signature holds it, and the signature holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.services import keys
from audit.models import AuditEvent, guard
from readiness.models import Review, ReviewItem, Signoff
from readiness.queries.board import board
from readiness.queries.signatures import signatures
from readiness.services.claims import claim_item, fill_fields
from readiness.services.signing import sign
from tests.readiness.conftest import became
from tests.readiness.test_signing import PASSPHRASE, wish

pytestmark = pytest.mark.django_db
Person = Callable[..., User]


@pytest.fixture
def people(person: Person) -> dict[str, User]:
    roles = {"ada": "Developer", "ben": "Developer", "cleo": "Security Engineer"}
    return {name: person(name, role) for name, role in roles.items()}


@pytest.fixture
def review(make_review: Callable[..., Review], person: Person) -> Review:
    return make_review(person("olive", "Administrator"))


def fresh(line: ReviewItem) -> ReviewItem:
    rows = ReviewItem.objects.select_related(
        "review__version__template", "item", "claimed_by"
    )
    return rows.get(pk=line.pk)


def tick(line: ReviewItem, who: User, *, done: bool) -> None:
    now = fresh(line)
    claim_item(now.pk, done=done, revision=now.revision, note="", by=who)


def fill(line: ReviewItem, who: User, **values: str) -> None:
    now = fresh(line)
    fill_fields(now, values, revision=now.revision, by=who)


def valid(review: Review) -> list[bool]:
    today = board(review, timezone.now())
    return [each.valid for each in signatures(today).signed]


@pytest.fixture
def signed(people: dict[str, User], review: Review, line: ReviewItem) -> Signoff:
    """Ada claimed the line and filled its blank; Cleo signed, as she found it."""
    cleo = people["cleo"]
    keys.create(cleo, PASSPHRASE)
    tick(line, people["ada"], done=True)
    fill(line, people["ada"], Expiry="2027-01-05")
    return sign(review, wish(review, cleo, "Security Engineer"), cleo)


def restore(client: Client, line: ReviewItem, held: Signoff, **over: Any) -> Any:
    body = {"revision": fresh(line).revision, "signoff": str(held.uuid), **over}
    url = f"/api/readiness/items/{line.pk}/restore"
    return client.post(url, body, "application/json")


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


@pytest.fixture
def clients(
    people: dict[str, User], client_of: Callable[[User], Client]
) -> dict[str, Client]:
    return {name: client_of(user) for name, user in people.items()}


def test_who_unticked_brings_the_claim_back_and_the_signature_holds_again(
    people: dict[str, User],
    clients: dict[str, Client],
    review: Review,
    line: ReviewItem,
    signed: Signoff,
) -> None:
    assert valid(review) == [True]
    tick(line, people["ben"], done=False)
    assert valid(review) == [False]
    assert code(restore(clients["cleo"], line, signed)) == (403, "restore")
    answer = restore(clients["ben"], line, signed)
    assert answer.status_code == 200, answer.content
    told = answer.json()
    assert (told["claimed"], told["claimed_by"]) == (True, "ada")
    assert answer["ETag"] == f'"{told["revision"]}"'
    assert valid(review) == [True]
    event = AuditEvent.objects.get(kind="readiness.item.restored")
    assert event.actor == people["ben"].actor
    today = board(review, timezone.now())
    assert today.differences == []


def test_another_claimant_and_another_blank_come_back_together(
    people: dict[str, User],
    clients: dict[str, Client],
    review: Review,
    line: ReviewItem,
    signed: Signoff,
) -> None:
    tick(line, people["ben"], done=False)
    tick(line, people["ben"], done=True)
    fill(line, people["ben"], Expiry="2030-01-01")
    assert restore(clients["ada"], line, signed).status_code == 200
    now = fresh(line)
    assert now.claimed_by == people["ada"]
    assert now.values == {"Expiry": "2027-01-05"}
    assert valid(review) == [True]
    assert code(restore(clients["ada"], line, signed)) == (409, "restored")


def test_what_its_own_claimant_withdrew_nobody_else_claims_for_them(
    people: dict[str, User],
    clients: dict[str, Client],
    review: Review,
    line: ReviewItem,
    signed: Signoff,
) -> None:
    tick(line, people["ada"], done=False)
    for name in ("ben", "cleo"):
        assert code(restore(clients[name], line, signed)) == (403, "withdrawn")
    assert valid(review) == [False]
    assert restore(clients["ada"], line, signed).status_code == 200
    assert valid(review) == [True]


def test_a_claim_that_was_restored_and_then_withdrawn_is_its_claimants_again(
    people: dict[str, User],
    clients: dict[str, Client],
    line: ReviewItem,
    signed: Signoff,
) -> None:
    tick(line, people["ben"], done=False)
    restore(clients["ben"], line, signed)
    tick(line, people["ada"], done=False)
    assert code(restore(clients["ben"], line, signed)) == (403, "withdrawn")


def test_restoring_names_the_revision_it_saw_and_a_signature_of_the_review(
    people: dict[str, User],
    clients: dict[str, Client],
    line: ReviewItem,
    signed: Signoff,
) -> None:
    tick(line, people["ben"], done=False)
    old = fresh(line).revision - 1
    assert restore(clients["ben"], line, signed, revision=old).status_code == 409
    nothing = restore(clients["ben"], line, signed, signoff=str(uuid4()))
    assert code(nothing) == (404, "not_found")
    wrong = restore(clients["ben"], line, signed, signoff="1")
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (
        422,
        "/signoff",
    )
    assert not AuditEvent.objects.filter(kind="readiness.item.restored").exists()


def test_a_signature_that_is_not_genuine_restores_nothing(
    people: dict[str, User],
    clients: dict[str, Client],
    line: ReviewItem,
    signed: Signoff,
) -> None:
    tick(line, people["ben"], done=False)
    forged = bytes(signed.claims).replace(b'"by":"ada"', b'"by":"ben"')
    assert forged != bytes(signed.claims)
    Signoff.objects.update(claims=forged)
    assert code(restore(clients["ben"], line, signed)) == (409, "not_genuine")


def test_an_edited_event_lets_nobody_restore_but_whom_the_signature_names(
    people: dict[str, User],
    clients: dict[str, Client],
    line: ReviewItem,
    signed: Signoff,
) -> None:
    tick(line, people["ada"], done=False)
    guard.remove()
    event = AuditEvent.objects.get(kind="readiness.item.unclaimed")
    edited = bytes(event.body).replace(
        people["ada"].actor.encode(), people["ben"].actor.encode()
    )
    assert edited != bytes(event.body)
    AuditEvent.objects.filter(pk=event.pk).update(
        body=edited, actor=people["ben"].actor
    )
    assert code(restore(clients["ben"], line, signed)) == (403, "restore")
    assert restore(clients["ada"], line, signed).status_code == 200


def test_an_ended_review_is_restored_no_more(
    people: dict[str, User],
    clients: dict[str, Client],
    line: ReviewItem,
    signed: Signoff,
) -> None:
    tick(line, people["ben"], done=False)
    became(line.review, "closed")
    assert code(restore(clients["ben"], line, signed)) == (409, "review_ended")


@pytest.mark.parametrize("text", ["2031-12-31", ""])
def test_a_blank_that_was_changed_in_the_database_is_named(
    text: str, review: Review, line: ReviewItem, signed: Signoff
) -> None:
    ReviewItem.objects.filter(pk=line.pk).update(values={"Expiry": text})
    today = board(review, timezone.now())
    (wrong,) = today.differences
    assert (wrong.key, wrong.text) == ("SEC-03", "Expiry is not what was filled in")


def test_a_blank_that_nobody_filled_in_is_named(
    review: Review, line: ReviewItem
) -> None:
    ReviewItem.objects.filter(pk=line.pk).update(values={"Expiry": "2031-12-31"})
    today = board(review, timezone.now())
    assert [row.text for row in today.differences] == [
        "the log does not tell who filled in Expiry"
    ]


# Pages


def test_the_line_says_before_it_is_used_whose_signature_it_changes(
    clients: dict[str, Client], review: Review, line: ReviewItem, signed: Signoff
) -> None:
    url = reverse("readiness:review", args=[review.uuid])
    shown = clients["ben"].get(url).content.decode()
    assert shown.count("changes 1 signature: Security Engineer") == 5  # of its section
    assert 'aria-describedby="SEC-03-changes"' in shown


def test_the_page_of_a_voided_line_offers_to_restore_it_to_whoever_may(
    people: dict[str, User],
    clients: dict[str, Client],
    review: Review,
    line: ReviewItem,
    signed: Signoff,
) -> None:
    url = reverse("readiness:item", args=[review.uuid, line.pk])
    assert "Signed otherwise" not in clients["ben"].get(url).content.decode()
    tick(line, people["ben"], done=False)
    theirs = clients["cleo"].get(url).content.decode()
    assert "Only ada or ben can bring it back." in theirs
    assert "Restore what was signed" not in theirs
    mine = clients["ben"].get(url).content.decode()
    assert "Restore what was signed" in mine
    action = reverse("readiness:restore-item", args=[review.uuid, line.pk])
    form = {"revision": fresh(line).revision, "signoff": str(signed.uuid)}
    assert clients["cleo"].post(action, form).status_code == 403
    done = clients["ben"].post(action, form, follow=True).content.decode()
    assert "SEC-03 is again what was signed." in done
    assert "Signed otherwise" not in done
    assert clients["ben"].post(action, {"revision": "1"}).status_code == 400


def test_why_a_signature_is_void_leads_to_its_line(
    people: dict[str, User],
    clients: dict[str, Client],
    review: Review,
    line: ReviewItem,
    signed: Signoff,
) -> None:
    tick(line, people["ben"], done=False)
    url = reverse("readiness:sign", args=[review.uuid]) + "?role=Security+Engineer"
    shown = clients["cleo"].get(url).content.decode()
    assert f'href="{reverse("readiness:review", args=[review.uuid])}#SEC-03"' in shown
