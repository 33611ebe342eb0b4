"""A stranger verifies a signature from the files of the verify page, without us."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.test import Client
from django.utils import timezone

from accounts.domain import keys as key_rules
from accounts.models import User
from accounts.services import keys
from audit.models import AuditEvent, Checkpoint
from readiness.models import Review, Signoff
from readiness.queries.board import board
from readiness.queries.statements import statement_for
from readiness.services.signing import SignatureRequest, sign
from tests.conftest import PASSWORD

pytestmark = pytest.mark.django_db
PASSPHRASE = "a passphrase of one's own"


@pytest.fixture
def ada(person: Callable[..., User], monkeypatch: pytest.MonkeyPatch) -> User:
    make = key_rules.make
    monkeypatch.setattr(key_rules, "make", lambda phrase: make(phrase, cost=2**4))
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


def hashed(*parts: bytes) -> bytes:
    return hashlib.sha256(b"".join(parts)).digest()


def root_of(leaves: list[bytes]) -> bytes:
    """RFC 6962, written anew."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return hashed(b"\1", root_of(leaves[:split]), root_of(leaves[split:]))


def climbed(leaf: bytes, index: int, size: int, siblings: list[bytes]) -> bytes:
    """RFC 9162 §2.1.3.2, written anew."""
    node, last, digest = index, size - 1, leaf
    for sibling in siblings:
        if node % 2 or node == last:
            digest = hashed(b"\1", sibling, digest)
            while node and not node % 2:
                node, last = node // 2, last // 2
        else:
            digest = hashed(b"\1", digest, sibling)
        node, last = node // 2, last // 2
    return digest


def test_everything_that_a_stranger_needs(
    signoff: Signoff, ada: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(ada)

    def get(part: str) -> Any:
        answer = client.get(f"/api/readiness/signoffs/{signoff.uuid}/{part}")
        assert answer.status_code == 200
        assert answer["Content-Disposition"].startswith("attachment; filename=")
        return answer.content

    envelope = get("envelope")
    read = json.loads(envelope)
    payload, kind = base64.b64decode(read["payload"]), read["payloadType"].encode()
    signed = b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)
    public = get("key")
    assert hashlib.sha256(public).hexdigest() == read["signatures"][0]["keyid"]
    signature = base64.b64decode(read["signatures"][0]["sig"])
    Ed25519PublicKey.from_public_bytes(public).verify(signature, signed)

    claims = get("claims").removesuffix(b"\n").split(b"\n")
    root = root_of([hashed(b"\0", claim) for claim in claims]).hex()
    assert json.loads(payload)["predicate"]["statement"]["claimRoot"] == root

    first, index, *rest = get("proof").decode().split("\n")
    assert first == "c2sp.org/tlog-proof@v1"
    blank = rest.index("")
    siblings = [base64.b64decode(line) for line in rest[:blank]]
    _origin, size, head = rest[blank + 1 : blank + 4]
    event = AuditEvent.objects.get(seq=int(index.removeprefix("index ")))
    assert hashlib.sha256(envelope).hexdigest() in event.text
    leaf = hashed(b"\0", bytes(event.body))
    assert climbed(leaf, event.seq, int(size), siblings) == base64.b64decode(head)


def test_what_the_log_does_not_tell_of_has_no_proof(
    signoff: Signoff, ada: User, client_of: Callable[[User], Client]
) -> None:
    client = client_of(ada)
    url = f"/api/readiness/signoffs/{signoff.uuid}"
    Checkpoint.objects.all().delete()
    assert client.get(f"{url}/proof").json()["type"].endswith(":no_proof")
    Signoff.objects.filter(pk=signoff.pk).update(envelope=b"{}")
    assert client.get(f"{url}/proof").json()["type"].endswith(":no_event")
    assert client.get(f"{url}/key").json()["type"].endswith(":no_key")
    assert client.get(f"{url}/envelope").content == b"{}"


@pytest.mark.parametrize("part", ["envelope", "claims", "proof", "key"])
def test_only_readers_of_readiness_get_them(
    signoff: Signoff, person: Callable[..., User], client_of: Any, part: str
) -> None:
    url = f"/api/readiness/signoffs/{signoff.uuid}/{part}"
    assert Client().get(url).status_code == 401
    assert client_of(person("nobody")).get(url).status_code == 403
    other = client_of(signoff.signer)
    assert (
        other.get(
            url.replace(str(signoff.uuid), "0" * 8 + "-0000" * 3 + "-" + "0" * 12)
        ).status_code
        == 404
    )
    assert other.get(f"{url}?x=1").status_code == 400


def test_the_page_links_all_four(
    signoff: Signoff, ada: User, client_of: Callable[[User], Client]
) -> None:
    page = client_of(ada).get(f"/readiness/reviews/{signoff.review.uuid}/verify/")
    for part in ("envelope", "claims", "proof", "key"):
        assert f"/api/readiness/signoffs/{signoff.uuid}/{part}" in page.content.decode()
