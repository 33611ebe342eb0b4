"""A stored signature is checked from its bytes: whatever a row says otherwise is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.domain import keys as key_rules
from accounts.models import SigningKey, User
from accounts.services import keys
from readiness.models import Review, Signoff
from readiness.queries.board import board
from readiness.queries.statements import statement_for
from readiness.queries.verification import checked_signatures
from readiness.services.signing import SignatureRequest, sign
from tests.conftest import PASSWORD

PASSPHRASE = "a passphrase of one's own"


@pytest.fixture(autouse=True)
def _quick_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    make = key_rules.make
    monkeypatch.setattr(key_rules, "make", lambda phrase: make(phrase, cost=2**4))


@pytest.fixture
def ada(person: Callable[..., User]) -> User:
    user = person("ada", "Developer")
    keys.create(user, PASSPHRASE)
    return user


@pytest.fixture
def signoff(make_review: Callable[..., Review], ada: User) -> Signoff:
    review = make_review(ada)
    sheet = statement_for(board(review, timezone.now()), "Developer", ada)
    return sign(
        review,
        SignatureRequest("Developer", "reviewed", sheet.sha256, PASSWORD, PASSPHRASE),
        ada,
    )


def faults(signoff: Signoff) -> list[str]:
    (checked,) = checked_signatures(board(signoff.review, timezone.now()))
    return list(checked.faults)


def test_what_was_signed_has_no_fault(signoff: Signoff) -> None:
    assert faults(signoff) == []


COLUMNS = [
    pytest.param(
        {"meaning": "approved"},
        ["the meaning is not the one that was signed"],
        id="another meaning",
    ),
    pytest.param(
        {"note": "I never wrote this"},
        ["the note is not the one that was signed"],
        id="another note",
    ),
    pytest.param(
        {"role": "Product Owner"},
        ["the role is not the one that was signed"],
        id="another role",
    ),
    pytest.param(
        {"earlier": ["aa" * 32]},
        ["the earlier signatures is not the one that was signed"],
        id="other earlier signatures",
    ),
    pytest.param(
        {"claim_root": "bb" * 32},
        [
            "the claim root is not the one that was signed",
            "the kept claims do not have the signed claim root",
        ],
        id="another claim root",
    ),
    pytest.param(
        {"claims": b"{}"},
        ["the kept claims do not have the signed claim root"],
        id="other claims",
    ),
    pytest.param(
        {"envelope_sha256": "cc" * 32},
        ["the envelope's bytes do not have its digest"],
        id="another digest",
    ),
    pytest.param(
        {"seq": None},
        ["its event is not proven to be in the log"],
        id="no event",
    ),
    pytest.param(
        {"seq": 10**6},
        ["its event is not proven to be in the log"],
        id="an event that is not there",
    ),
]


@pytest.mark.parametrize(("columns", "named"), COLUMNS)
def test_a_row_that_says_something_else_is_named(
    signoff: Signoff, columns: dict[str, Any], named: list[str]
) -> None:
    Signoff.objects.filter(pk=signoff.pk).update(**columns)

    assert faults(signoff) == named


def test_an_envelope_that_no_key_signed_is_named(signoff: Signoff) -> None:
    altered = bytes(signoff.envelope).replace(b'"sig":"', b'"sig":"AAAA', 1)
    Signoff.objects.filter(pk=signoff.pk).update(envelope=altered)

    named = faults(signoff)

    assert named[0] == "the envelope's bytes do not have its digest"
    assert len(named) == 2


def test_a_public_key_that_was_exchanged_is_named(
    signoff: Signoff, person: Callable[..., User]
) -> None:
    other = person("mallory", "Developer")
    keys.create(other, PASSPHRASE)
    public = SigningKey.objects.get(user=other).public
    SigningKey.objects.filter(pk=signoff.key_id).update(public=bytes(public))

    assert len(faults(signoff)) == 1


def test_the_page_shows_what_was_found(
    signoff: Signoff, ada: User, client_of: Callable[[User], Client]
) -> None:
    url = f"/readiness/reviews/{signoff.review.uuid}/verify/"
    client = client_of(ada)
    sentence = "the note is not the one that was signed"
    assert sentence not in client.get(url).content.decode()

    Signoff.objects.filter(pk=signoff.pk).update(note="I never wrote this")

    assert sentence in client.get(url).content.decode()
