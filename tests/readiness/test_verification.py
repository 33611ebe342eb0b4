"""A stored signature is checked from its bytes: whatever a row says otherwise is named."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.domain import keys as key_rules
from accounts.models import SigningKey, User
from accounts.services import keys
from audit.domain import dsse
from audit.domain.canonical import sha256_hex
from audit.models import AuditEvent, guard
from readiness.answers.signoffs import SignoffAnswer
from readiness.domain.statements import PAYLOAD_TYPE
from readiness.models import Review, Signoff
from readiness.queries import logged
from readiness.queries.board import board
from readiness.queries.progress import progress
from readiness.queries.signatures import Signature, signatures
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
    (checked,) = checked_signatures(board(signoff.review, timezone.now())).checked
    return list(checked.faults)


def stands(signoff: Signoff) -> Signature:
    (signature,) = signatures(board(signoff.review, timezone.now())).signed
    return signature


def test_what_was_signed_has_no_fault(signoff: Signoff) -> None:
    assert faults(signoff) == []
    assert stands(signoff).valid


def changed(name: str) -> str:
    return f"the {name} in the database was changed: the envelope is shown"


COLUMNS = [
    pytest.param({"meaning": "approved"}, "meaning", id="another meaning"),
    pytest.param({"note": "I never wrote this"}, "note", id="another note"),
    pytest.param({"role": "Product Owner"}, "role", id="another role"),
    pytest.param({"earlier": ["aa" * 32]}, "earlier signatures", id="earlier ones"),
    pytest.param({"claim_root": "bb" * 32}, "claim root", id="another claim root"),
    pytest.param({"envelope_sha256": "cc" * 32}, "envelope's digest", id="digest"),
]


@pytest.mark.parametrize(("columns", "name"), COLUMNS)
def test_a_changed_column_is_named_and_not_believed(
    signoff: Signoff, columns: dict[str, Any], name: str
) -> None:
    before = stands(signoff)
    Signoff.objects.filter(pk=signoff.pk).update(**columns)

    after = stands(signoff)
    assert faults(signoff) == [changed(name)]
    assert (after.signed, after.actor, after.valid) == (
        before.signed,
        before.actor,
        True,
    )
    answer = SignoffAnswer.of(after)
    assert (answer.meaning, answer.role, answer.faults) == (
        "reviewed",
        "Developer",
        [changed(name)],
    )


REVIEW = [
    pytest.param({"policy": []}, "sign-off policy", id="a policy without roles"),
    pytest.param({"environment": "production"}, "environment", id="environment"),
    pytest.param({"release": "9.9.9"}, "release", id="release"),
    pytest.param({"commit": "ef" * 20}, "commit", id="commit"),
]


@pytest.mark.parametrize(("columns", "name"), REVIEW)
def test_an_approval_does_not_follow_a_review_that_was_changed(
    signoff: Signoff, columns: dict[str, Any], name: str
) -> None:
    """`UPDATE readiness_review` cannot carry a signature to another place."""
    Review.objects.filter(pk=signoff.review_id).update(**columns)
    signoff.refresh_from_db()

    assert f"it was signed for another {name}" in faults(signoff)
    today = board(signoff.review, timezone.now())
    assert not stands(signoff).valid
    assert not progress(today).complete


def test_a_rejection_is_not_revoked_by_a_column(
    make_review: Callable[..., Review], ada: User
) -> None:
    review = make_review(ada)
    sheet = statement_for(board(review, timezone.now()), "Developer", ada)
    wanted = SignatureRequest(
        "Developer", "rejected", sheet.sha256, PASSWORD, PASSPHRASE, note="No."
    )
    signoff = sign(review, wanted, ada)
    Signoff.objects.filter(pk=signoff.pk).update(revoked_at=timezone.now())

    shown = progress(board(review, timezone.now()))
    assert (shown.places[0].state, shown.complete) == ("Rejected", False)
    said = "the database says revoked, the log tells of no revocation"
    assert faults(signoff) == [said]


def test_an_event_that_cannot_be_read_is_a_signature_that_is_missing(
    signoff: Signoff,
) -> None:
    review = signoff.review
    with guard.lifted():
        AuditEvent.objects.filter(pk=signoff.seq or 0).update(body=b"?")
    Signoff.objects.filter(pk=signoff.pk).delete()

    stored = signatures(board(review, timezone.now()))
    assert [event.seq for event in stored.missing] == [signoff.seq]
    assert not progress(board(review, timezone.now())).complete


def test_a_revocation_that_was_changed_counts_as_the_worse_one(
    signoff: Signoff, ada: User
) -> None:
    key = keys.revoke(ada, "compromised", by=ada)
    event = AuditEvent.objects.get(pk=key.revoked_seq or 0)
    with guard.lifted():
        milder = bytes(event.body).replace(b"compromised", b"lost")
        AuditEvent.objects.filter(pk=event.pk).update(body=milder)

    assert not stands(signoff).valid


def test_another_signer_s_column_is_not_believed(
    signoff: Signoff, person: Callable[..., User]
) -> None:
    other = person("mallory", "Developer")
    Signoff.objects.filter(pk=signoff.pk).update(signer=other)

    after = stands(signoff)
    assert (after.signed.handle, after.actor) == ("ada", signoff.signer.actor)
    assert faults(signoff) == [changed("signer")]


def test_where_a_row_says_that_its_event_is_decides_nothing(signoff: Signoff) -> None:
    Signoff.objects.filter(pk=signoff.pk).update(seq=10**6)
    assert faults(signoff) == []


def test_other_claims_are_named_and_void_it(signoff: Signoff) -> None:
    Signoff.objects.filter(pk=signoff.pk).update(claims=b"{}")
    assert faults(signoff) == ["the kept claims do not have the signed claim root"]
    assert not stands(signoff).valid


def test_a_row_that_is_gone_is_missing(
    signoff: Signoff, ada: User, client_of: Callable[[User], Client]
) -> None:
    review, digest = signoff.review, signoff.envelope_sha256
    Signoff.objects.filter(pk=signoff.pk).delete()

    today = board(review, timezone.now())
    stored = signatures(today)
    assert [(each.role, each.envelope_sha256) for each in stored.missing] == [
        ("Developer", digest)
    ]
    shown = progress(today)
    assert (shown.places[0].state, shown.complete) == ("Missing", False)
    client = client_of(ada)
    answer = client.get(f"/api/readiness/reviews/{review.uuid}/signoffs").json()
    assert [each["envelope_sha256"] for each in answer["missing"]] == [digest]
    for page in ("", "verify/"):
        text = client.get(f"/readiness/reviews/{review.uuid}/{page}").content.decode()
        assert "issing" in text
        assert "the log tells of" in text or f"log entry {signoff.seq}" in text


def test_a_rejection_that_is_gone_still_holds_the_approval_up(
    make_review: Callable[..., Review], ada: User
) -> None:
    review = make_review(ada)
    sheet = statement_for(board(review, timezone.now()), "Developer", ada)
    wanted = SignatureRequest(
        "Developer", "rejected", sheet.sha256, PASSWORD, PASSPHRASE, note="No."
    )
    sign(review, wanted, ada).delete()
    assert not progress(board(review, timezone.now())).complete


def test_a_key_that_the_log_does_not_tell_of_signs_nothing(signoff: Signoff) -> None:
    """A liar adds a key's row, and a signature that is right under it."""
    made = key_rules.make(PASSPHRASE)
    SigningKey.objects.filter(pk=signoff.key_id).update(
        key_id=made.key_id, public=made.public, wrapped=made.wrapped
    )
    private = key_rules.open_wrapped(made.wrapped, made.key_id, PASSPHRASE)
    payload = base64.b64decode(json.loads(bytes(signoff.envelope))["payload"])
    forged = dsse.sign(PAYLOAD_TYPE, payload.replace(b"reviewed", b"approved"), private)
    Signoff.objects.filter(pk=signoff.pk).update(
        envelope=forged, envelope_sha256=sha256_hex(forged), meaning="approved"
    )

    assert "no known key signed this envelope" in faults(signoff)
    assert not stands(signoff).valid


def test_an_event_that_was_changed_or_is_of_another_review_bears_nothing_out(
    signoff: Signoff, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as the log is read from its start again: after a minute at most."""
    monkeypatch.setattr(logged, "SECONDS", 0)
    assert signoff.seq is not None
    event = AuditEvent.objects.get(seq=signoff.seq)
    for altered in (
        bytes(event.body).replace(b'"reviewed"', b'"approved"'),
        bytes(event.body).replace(str(signoff.review.uuid).encode(), b"0" * 36),
        b"{}",
    ):
        with guard.lifted():
            AuditEvent.objects.filter(pk=event.pk).update(body=altered)
        assert not stands(signoff).valid
        assert faults(signoff)
    with guard.lifted():
        AuditEvent.objects.filter(pk=event.pk).update(body=event.body)
    assert stands(signoff).valid


def test_an_envelope_that_no_key_signed_is_named(signoff: Signoff) -> None:
    altered = bytes(signoff.envelope).replace(b'"sig":"', b'"sig":"AAAA', 1)
    Signoff.objects.filter(pk=signoff.pk).update(envelope=altered)

    named = faults(signoff)

    assert named[0] == "no known key signed this envelope"
    assert named[1] == "no event of the log tells of this envelope"
    assert not stands(signoff).valid


def test_a_public_key_that_was_exchanged_is_not_asked(
    signoff: Signoff, person: Callable[..., User]
) -> None:
    """The key's own event holds its public part."""
    other = person("mallory", "Developer")
    keys.create(other, PASSPHRASE)
    public = SigningKey.objects.get(user=other).public
    SigningKey.objects.filter(pk=signoff.key_id).update(public=bytes(public))

    assert stands(signoff).valid


def test_the_page_shows_what_was_found(
    signoff: Signoff, ada: User, client_of: Callable[[User], Client]
) -> None:
    url = f"/readiness/reviews/{signoff.review.uuid}/verify/"
    client = client_of(ada)
    sentence = "the note in the database was changed"
    assert sentence not in client.get(url).content.decode()

    Signoff.objects.filter(pk=signoff.pk).update(note="I never wrote this")

    assert sentence in client.get(url).content.decode()
