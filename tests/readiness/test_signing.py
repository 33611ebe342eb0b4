"""Ada signs, Grace may not; a later change voids, undoing it heals."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey  # type: ignore[attr-defined]

from accounts.models import User
from accounts.queries import signing_key_of
from accounts.services import keys
from audit.models import AuditEvent, Checkpoint
from kernel.errors import Conflict
from readiness.models import Review, ReviewItem, Signoff
from readiness.queries.board import board
from readiness.queries.progress import progress
from readiness.queries.signatures import signatures
from readiness.queries.statements import statement_for
from readiness.services.claims import claim_item
from readiness.services.signing import SignatureRequest, sign
from tests.conftest import PASSWORD

Person = Callable[..., User]
ClientOf = Callable[[User], Client]
PASSPHRASE = "a passphrase of one's own"


@pytest.fixture
def ada(person: Person) -> User:
    user = person("ada", "Developer")
    keys.create(user, PASSPHRASE)
    return user


@pytest.fixture
def review(make_review: Callable[..., Review], person: Person) -> Review:
    return make_review(person("olive", "Administrator"))


def wish(
    review: Review, who: User, role: str = "Developer", **over: Any
) -> SignatureRequest:
    shown = statement_for(board(review, timezone.now()), role, who)
    given = {
        "role": role,
        "meaning": "reviewed",
        "statement_sha256": shown.sha256,
        "password": PASSWORD,
        "passphrase": PASSPHRASE,
        **over,
    }
    return SignatureRequest(**given)


def a_line(review: Review) -> ReviewItem:
    rows = board(review, timezone.now()).rows
    row = next(row for row in rows if row.inside and row.shape.section.kind == "checks")
    return ReviewItem.objects.get(pk=row.id)


def tick(line: ReviewItem, who: User, *, done: bool) -> None:
    fresh = ReviewItem.objects.get(pk=line.pk)
    claim_item(fresh.pk, done=done, revision=fresh.revision, note="", by=who)


def test_a_signature_is_an_envelope_that_others_can_verify(
    ada: User, review: Review
) -> None:
    signoff = sign(review, wish(review, ada), ada)
    key = signing_key_of(ada)
    assert key is not None
    envelope = Envelope.from_dict(json.loads(bytes(signoff.envelope)))
    public = SSlibKey(
        key.key_id, "ed25519", "ed25519", {"public": bytes(key.public).hex()}
    )
    envelope.verify([public], threshold=1)
    statement = json.loads(envelope.payload)
    assert statement["subject"][0]["digest"] == {"sha256": signoff.claim_root}
    assert statement["subject"][1]["digest"] == {"gitCommit": review.commit}
    assert statement["predicate"]["signing"]["signer"]["handle"] == "ada"


def test_the_log_and_a_checkpoint_hold_the_signature(ada: User, review: Review) -> None:
    signoff = sign(review, wish(review, ada), ada)
    event = AuditEvent.objects.get(kind="readiness.review.signed")
    assert event.seq == signoff.seq
    body = json.loads(bytes(event.body))
    assert body["data"]["envelope_sha256"] == signoff.envelope_sha256
    newest = Checkpoint.objects.order_by("-size").first()
    assert newest is not None
    assert newest.size == event.seq + 1


def test_a_changed_line_voids_it_and_undoing_heals_it(
    ada: User, review: Review
) -> None:
    line = a_line(review)
    tick(line, ada, done=True)
    sign(review, wish(review, ada), ada)
    tick(line, ada, done=False)
    (void,) = signatures(board(review, timezone.now())).signed
    assert not void.valid
    assert [change.key for change in void.void] == [line.item.key]
    assert "the claim changed" in void.void[0].change
    shown = progress(board(review, timezone.now())).places[0]
    assert (shown.state, line.item.key in shown.note) == ("Void", True)
    tick(line, ada, done=True)
    (healed,) = signatures(board(review, timezone.now())).signed
    assert healed.valid


def test_a_change_between_reading_and_signing_names_the_line(
    ada: User, review: Review
) -> None:
    read = wish(review, ada)
    line = a_line(review)
    tick(line, ada, done=True)
    with pytest.raises(Conflict) as refused:
        sign(review, read, ada)
    assert refused.value.code == "statement_changed"
    assert [error.pointer for error in refused.value.errors] == [
        f"/items/{line.item.key}"
    ]
    assert not Signoff.objects.exists()


def test_the_second_group_waits_for_the_first(
    ada: User, review: Review, person: Person
) -> None:
    lead = person("lea", "Technical Lead")
    keys.create(lead, PASSPHRASE)
    with pytest.raises(Conflict, match="sign first"):
        sign(review, wish(review, lead, "Technical Lead"), lead)
    for name, role in (("sec", "Security Engineer"), ("dev", "DevOps Engineer")):
        other = person(name, role)
        keys.create(other, PASSPHRASE)
        sign(review, wish(review, other, role), other)
    sign(review, wish(review, ada), ada)
    second = sign(review, wish(review, lead, "Technical Lead"), lead)
    assert len(second.earlier) == 3
    tick(a_line(review), ada, done=True)
    void = {
        one.signed.role
        for one in signatures(board(review, timezone.now())).signed
        if not one.valid
    }
    assert void == {"Developer", "Security Engineer", "Technical Lead"}


def test_a_rejection_stands_but_does_not_fill_the_place(
    ada: User, review: Review
) -> None:
    sign(review, wish(review, ada, meaning="rejected", note="No."), ada)
    shown = progress(board(review, timezone.now()))
    assert shown.signatures.value == 0
    assert shown.places[0].state == "Rejected"


def test_a_key_given_up_as_compromised_voids_and_a_lost_one_does_not(
    ada: User, review: Review
) -> None:
    sign(review, wish(review, ada), ada)
    keys.revoke(ada, "lost", by=ada)
    assert signatures(board(review, timezone.now())).signed[0].valid
    keys.create(ada, PASSPHRASE)
    sign(review, wish(review, ada, meaning="rejected", note="No."), ada)
    keys.revoke(ada, "compromised", by=ada)
    kept, signature = signatures(board(review, timezone.now())).signed
    assert kept.valid
    assert [change.change for change in signature.void] == [
        "its key was given up as compromised"
    ]


def body(review: Review, who: User, **over: Any) -> dict[str, Any]:
    return {**vars(wish(review, who)), **over}


@pytest.mark.parametrize(
    ("over", "status", "code"),
    [
        ({"role": "Security Engineer"}, 403, "role"),
        ({"role": "Nobody"}, 404, "no_such_role"),
        ({"password": "wrong wrong wrong"}, 403, "password"),
        ({"passphrase": "wrong wrong wrong"}, 403, "passphrase"),
        ({"statement_sha256": "0" * 64}, 409, "statement_changed"),
        ({"meaning": "approved"}, 409, "not_ready"),
        ({"meaning": "rejected"}, 422, "invalid"),
        ({"meaning": "maybe"}, 422, "invalid"),
    ],
)
def test_what_is_refused_over_the_api(
    ada: User,
    review: Review,
    client_of: ClientOf,
    over: dict[str, Any],
    status: int,
    code: str,
) -> None:
    answer = client_of(ada).post(
        f"/api/readiness/reviews/{review.uuid}/sign",
        json.dumps(body(review, ada, **over)),
        content_type="application/json",
    )
    assert answer.status_code == status, answer.content
    assert answer.json()["type"].endswith(code)
    assert not Signoff.objects.exists()


def test_who_has_no_key_is_told_so(
    person: Person, review: Review, client_of: ClientOf
) -> None:
    bob = person("bob", "Developer")
    answer = client_of(bob).post(
        f"/api/readiness/reviews/{review.uuid}/sign",
        json.dumps(body(review, bob)),
        content_type="application/json",
    )
    assert answer.status_code == 409
    assert answer.json()["type"].endswith("no_signing_key")
    page = (
        client_of(bob).get(f"/readiness/reviews/{review.uuid}/sign/").content.decode()
    )
    assert "/settings/signing-key/" in page
    assert 'name="passphrase"' not in page


def test_signing_over_the_api_and_reading_it_back(
    ada: User, review: Review, client_of: ClientOf
) -> None:
    client, url = client_of(ada), f"/api/readiness/reviews/{review.uuid}"
    shown = client.get(f"{url}/statement?role=Developer").json()
    assert (shown["may_sign"], shown["reason"]) == (True, None)
    assert len(shown["items"]) > 0
    given = body(review, ada, statement_sha256=shown["statement_sha256"])
    answer = client.post(
        f"{url}/sign", json.dumps(given), content_type="application/json"
    )
    assert answer.status_code == 201
    assert answer.json()["valid"] is True
    again = client.post(
        f"{url}/sign", json.dumps(given), content_type="application/json"
    )
    assert again.status_code == 409
    (listed,) = client.get(f"{url}/signoffs").json()["signoffs"]
    assert (listed["signer"], listed["role"], listed["void"]) == (
        "ada",
        "Developer",
        [],
    )
    assert client.get(f"{url}/statement").status_code == 400


def test_the_page_signs_without_a_script_and_keeps_what_was_typed(
    ada: User, review: Review, client_of: ClientOf
) -> None:
    client, url = client_of(ada), f"/readiness/reviews/{review.uuid}/sign/"
    shown = statement_for(board(review, timezone.now()), "Developer", ada)
    page = client.get(url).content.decode()
    assert shown.sha256 in page
    assert "canonical json" in page.lower()
    given = {
        "role": "Developer",
        "meaning": "reviewed",
        "note": "looks good to me",
        "statement_sha256": shown.sha256,
        "password": PASSWORD,
        "passphrase": "wrong wrong wrong",
    }
    refused = client.post(url, given)
    assert refused.status_code == 403
    text = refused.content.decode()
    assert "The passphrase is wrong." in text
    assert "looks good to me" in text
    assert "wrong wrong wrong" not in text
    assert client.post(url, {**given, "passphrase": PASSPHRASE}).status_code == 302
    assert Signoff.objects.get().note == "looks good to me"
    verified = client.get(f"/readiness/reviews/{review.uuid}/verify/").content.decode()
    assert "Genuine" in verified
    assert "Valid today" in verified


def test_a_forged_envelope_is_not_genuine(
    ada: User, review: Review, client_of: ClientOf
) -> None:
    signoff = sign(review, wish(review, ada), ada)
    forged = bytes(signoff.envelope).replace(b'"sig":"', b'"sig":"AA')
    Signoff.objects.update(envelope=forged)
    page = (
        client_of(ada).get(f"/readiness/reviews/{review.uuid}/verify/").content.decode()
    )
    assert "Not genuine" in page


def test_an_administrator_reads_the_statement_but_never_signs(
    person: Person, review: Review, client_of: ClientOf
) -> None:
    root = client_of(person("root", "Administrator"))
    url = f"/api/readiness/reviews/{review.uuid}"
    assert root.get(f"{url}/statement?role=Developer").json()["may_sign"] is False
    assert (
        root.post(f"{url}/sign", "{}", content_type="application/json").status_code
        == 403
    )
