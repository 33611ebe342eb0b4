"""Whom the review's page invites to sign, and as what."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from accounts.domain import keys as key_rules
from accounts.models import User
from accounts.services import keys
from readiness.models import Review, ReviewItem
from readiness.queries.board import board
from readiness.queries.signatures import signatures
from readiness.queries.statements import role_to_sign, statement_for
from readiness.services.claims import claim_item
from readiness.services.signing import SignatureRequest, sign
from tests.conftest import PASSWORD
from tests.readiness.conftest import became

Person = Callable[..., User]
ClientOf = Callable[[User], Client]
PASSPHRASE = "a passphrase of one's own"


@pytest.fixture(autouse=True)
def _quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    make = key_rules.make
    monkeypatch.setattr(key_rules, "make", lambda phrase: make(phrase, cost=2**4))


@pytest.fixture
def review(make_review: Callable[..., Review], person: Person) -> Review:
    return make_review(person("olive", "Administrator"))


def invited(review: Review, who: User) -> str | None:
    today = board(review, timezone.now())
    return role_to_sign(today, signatures(today).signed, who)


def signed(review: Review, who: User, role: str) -> None:
    sheet = statement_for(board(review, timezone.now()), role, who)
    request = SignatureRequest(role, "reviewed", sheet.sha256, PASSWORD, PASSPHRASE)
    sign(review, request, who)


def tick(review: Review, key: str, who: User, *, done: bool) -> None:
    line = ReviewItem.objects.get(review=review, item__key=key)
    claim_item(line.pk, done=done, revision=line.revision, note="", by=who)


FRESH = [
    pytest.param(("Developer",), "Developer", id="a role of the first group"),
    pytest.param(("Security Engineer",), "Security Engineer", id="another of it"),
    pytest.param(("Technical Lead",), None, id="the second group waits for the first"),
    pytest.param(
        ("DevOps Engineer", "Developer"), "Developer", id="of two roles the first asked"
    ),
    pytest.param(("Technical Lead", "Developer"), "Developer", id="the one whose turn"),
    pytest.param(("Viewer",), None, id="a viewer never signs"),
    pytest.param(("Administrator",), None, id="nor an administrator"),
    pytest.param(("Trader",), None, id="nor a trader"),
    pytest.param((), None, id="nor who has no role"),
]


@pytest.mark.parametrize(("roles", "role"), FRESH)
def test_on_a_fresh_review(
    review: Review, person: Person, roles: tuple[str, ...], role: str | None
) -> None:
    assert invited(review, person("ada", *roles)) == role


@pytest.mark.parametrize("state", ["deployed", "closed", "aborted", "superseded"])
def test_nobody_when_the_review_has_ended(
    review: Review, person: Person, state: str
) -> None:
    became(review, state)

    assert invited(review, person("ada", "Developer")) is None


def test_not_again_while_the_signature_is_valid(review: Review, person: Person) -> None:
    ada = person("ada", "Developer")
    keys.create(ada, PASSPHRASE)
    tick(review, "SEC-01", ada, done=True)
    signed(review, ada, "Developer")
    assert invited(review, ada) is None

    tick(review, "SEC-01", ada, done=False)
    assert invited(review, ada) == "Developer"

    tick(review, "SEC-01", ada, done=True)
    assert invited(review, ada) is None


def test_one_person_is_invited_to_one_role(review: Review, person: Person) -> None:
    ada = person("ada", "Developer", "Security Engineer")
    keys.create(ada, PASSPHRASE)
    signed(review, ada, "Developer")

    assert invited(review, ada) is None


def test_another_of_the_same_role_is_invited_too(
    review: Review, person: Person
) -> None:
    ada, dora = person("ada", "Developer"), person("dora", "Developer")
    keys.create(ada, PASSPHRASE)
    signed(review, ada, "Developer")

    assert invited(review, dora) == "Developer"


def test_the_second_group_opens_when_the_first_is_complete(
    review: Review, person: Person
) -> None:
    lena = person("lena", "Technical Lead")
    for name, role in (
        ("ada", "Developer"),
        ("selma", "Security Engineer"),
        ("dorian", "DevOps Engineer"),
    ):
        assert invited(review, lena) is None
        who = person(name, role)
        keys.create(who, PASSPHRASE)
        signed(review, who, role)

    assert invited(review, lena) == "Technical Lead"


def test_who_has_no_key_yet_is_invited_and_told_on_the_page(
    review: Review, person: Person, client_of: ClientOf
) -> None:
    ada = person("ada", "Developer")
    assert invited(review, ada) == "Developer"

    page = client_of(ada).get(f"/readiness/reviews/{review.uuid}/sign/?role=Developer")

    assert b"You have no signing key yet: make one first." in page.content
    assert b'name="passphrase"' not in page.content


# --- on the page ----------------------------------------------------------------------


def links(page: bytes, part: str) -> int:
    """How often a part of the page invites to sign."""
    start = page.index(f'id="{part}"'.encode())
    return page[start : page.index(b"</section>", start)].count(b"Review and sign as")


@pytest.mark.parametrize("part", ["signoffs", "verdict"])
def test_who_may_sign_finds_the_link_in_the_panel_and_under_the_verdict(
    review: Review, person: Person, client_of: ClientOf, part: str
) -> None:
    client = client_of(person("ada", "Security Engineer"))

    page = client.get(f"/readiness/reviews/{review.uuid}/")

    assert links(page.content, part) == 1
    url = f"/readiness/reviews/{review.uuid}/sign/?role=Security+Engineer"
    assert page.content.decode().count(f'href="{url}"') == 2
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("role", ["Viewer", "Administrator", "Technical Lead"])
def test_others_find_none(
    review: Review, person: Person, client_of: ClientOf, role: str
) -> None:
    page = client_of(person("walt", role)).get(f"/readiness/reviews/{review.uuid}/")

    assert b"Review and sign" not in page.content


def test_a_tick_that_voids_a_signature_brings_the_link_back(
    review: Review, person: Person, client_of: ClientOf
) -> None:
    ada = person("ada", "Developer")
    keys.create(ada, PASSPHRASE)
    signed(review, ada, "Developer")
    client = client_of(ada)
    page = client.get(f"/readiness/reviews/{review.uuid}/")
    assert b"Review and sign" not in page.content

    line = ReviewItem.objects.get(review=review, item__key="SEC-03")
    ticked = client.post(
        f"/readiness/reviews/{review.uuid}/items/{line.pk}/claim/",
        {"done": "true", "revision": line.revision},
        headers={
            "HX-Request": "true",
            "HX-Request-Type": "partial",
            "HX-Target": "li#SEC-03",
        },
    )

    assert links(ticked.content, "signoffs") == 1
    assert links(ticked.content, "verdict") == 1
