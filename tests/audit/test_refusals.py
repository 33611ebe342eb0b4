"""What the log refuses to take or to say, as tables."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from django.db import transaction
from django.test import Client

from accounts.models import User
from audit import channels, queries, services
from audit.answers import Event, LogCheck
from audit.domain import dsse, event, merkle
from audit.models import AuditEvent
from kernel.errors import Unavailable
from kernel.json import dumps, loads

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
GOOD: dict[str, Any] = {
    "seq": 1,
    "prev": event.NO_LEAF,
    "at": AT,
    "kind": "readiness.item.claimed",
    "actor": "p:7",
    "object": "item:2",
    "data": {},
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("kind", "readiness.item.claimed"),
        ("kind", "accounts.person.locked-out"),
        ("kind", "trades.fill_group.booked2"),
        ("actor", "p:7"),
        ("actor", "s:12"),
        ("actor", "j:accounts.prune"),
        ("actor", "system"),
        ("object", "log"),
        ("object", "item:SEC-01"),
        ("object", "file:a/b?c"),
        ("data", {"list": ["a", None, True]}),
    ],
)
def test_an_event_takes_the_names_of_the_contract(field: str, value: Any) -> None:
    assert json.loads(event.body(**{**GOOD, field: value}))[field] == value


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("kind", "", "no kind"),
        ("kind", "claimed", "no kind"),
        ("kind", "readiness.claimed", "no kind"),
        ("kind", "Readiness.item.claimed", "no kind"),
        ("kind", "readiness.item.claimed.again", "no kind"),
        ("kind", "readiness.item.claimed\n", "no kind"),
        ("actor", "", "no actor"),
        ("actor", "ada", "no actor"),
        ("actor", "p:", "no actor"),
        ("actor", "p:ada", "no actor"),
        ("actor", "x:7", "no actor"),
        ("actor", "systems", "no actor"),
        ("object", "", "no object"),
        ("object", "item", "no object"),
        ("object", "item:", "no object"),
        ("object", "item: 2", "no object"),
        ("object", "Item:2", "no object"),
        ("data", {"count": 1}, "write it as text"),
        ("data", {"share": 0.5}, "write it as text"),
        ("data", {"rows": [{"n": 1}]}, "/data/rows/0/n is int"),
        ("at", datetime(2026, 1, 2), "without a zone"),  # noqa: DTZ001
    ],
)  # fmt: skip
def test_an_event_that_cannot_be_signed_is_refused(
    field: str, value: Any, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        event.body(**{**GOOD, field: value})


def test_a_refused_event_undoes_what_it_would_have_told(db: None) -> None:
    with pytest.raises(ValueError, match="no kind"), transaction.atomic():
        services.append("claimed", actor="p:7", object="item:2", data={})
    assert not AuditEvent.objects.exists()


KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
KEYS = {dsse.key_id(PUBLIC): PUBLIC}
SIGNED = dsse.sign("text/x", b"payload", KEY)


def changed(**fields: Any) -> bytes:
    return json.dumps({**json.loads(SIGNED), **fields}).encode()


def signature(**fields: Any) -> bytes:
    kept = json.loads(SIGNED)["signatures"][0]
    return changed(signatures=[{**kept, **fields}])


ENVELOPES: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"{", "no DSSE envelope"),
    "a list": (b"[]", "no DSSE envelope"),
    "null": (b"null", "no DSSE envelope"),
    "no payload": (b'{"payloadType":"text/x","signatures":[]}', "no DSSE envelope"),
    "a payload that is no base64": (changed(payload="*"), "no DSSE envelope"),
    "signatures of another shape": (changed(signatures=[1]), "no DSSE envelope"),
    "a signature that is no base64": (signature(sig="*"), "no DSSE envelope"),
    "another type": (changed(payloadType="text/y"), "not 'text/x'"),
    "another payload": (
        changed(payload=base64.b64encode(b"other").decode()),
        "no known key",
    ),
    "no signature": (changed(signatures=[]), "no known key"),
    "an unknown key": (signature(keyid="0" * 64), "no known key"),
    "a signature cut short": (signature(sig="AAAA"), "no known key"),
}


@pytest.mark.parametrize("what", ENVELOPES)
def test_an_envelope_is_not_believed(what: str) -> None:
    envelope, reason = ENVELOPES[what]
    with pytest.raises(dsse.BadEnvelope, match=reason):
        dsse.verify(envelope, "text/x", KEYS)


def test_a_second_signature_by_somebody_unknown_changes_nothing() -> None:
    kept = json.loads(SIGNED)["signatures"]
    stranger = {"keyid": "0" * 64, "sig": "AAAA"}
    envelope = changed(signatures=[stranger, *kept])
    assert dsse.verify(envelope, "text/x", KEYS) == b"payload"


@pytest.mark.parametrize(("index", "size"), [(-1, 3), (3, 3), (0, 0)])
def test_a_leaf_that_is_not_there_has_no_proof(index: int, size: int) -> None:
    leaves = [merkle.leaf_hash(bytes([n])) for n in range(size)]
    with pytest.raises(ValueError, match="there is no leaf"):
        merkle.inclusion_proof(index, leaves)
    assert not merkle.included(event.NO_LEAF, index, size, [], merkle.root(leaves))


def test_a_proof_of_another_length_proves_nothing() -> None:
    leaves = [merkle.leaf_hash(bytes([n])) for n in range(5)]
    root, proof = merkle.root(leaves), merkle.inclusion_proof(2, leaves)
    assert merkle.included(leaves[2], 2, 5, proof, root)
    for wrong in (proof[:-1], [*proof, event.NO_LEAF], proof[::-1], []):
        assert not merkle.included(leaves[2], 2, 5, wrong, root)
    assert not merkle.included(leaves[2], 3, 5, proof, root)


@pytest.mark.django_db
class TestTheLogKey:
    @pytest.fixture
    def place(self, tmp_path: Path, settings: Any) -> Path:
        settings.LOG_KEY_FILE = str(tmp_path / "keys" / "log.key")
        settings.CHECKPOINT_DIR = str(tmp_path / "checkpoints")
        return tmp_path

    def test_it_is_made_once_and_private(self, place: Path) -> None:
        first = channels.public_key()
        path = place / "keys" / "log.key"
        assert path.stat().st_mode & 0o777 == 0o600
        assert channels.public_key() == first
        assert [entry.name for entry in path.parent.iterdir()] == ["log.key"]

    def test_a_lost_key_is_not_made_anew_once_something_was_signed(
        self, place: Path
    ) -> None:
        (place / "checkpoints").mkdir()
        (place / "checkpoints" / "log.json").write_text("{}")
        with pytest.raises(Unavailable, match="bring it back"):
            channels.log_key()
        assert not (place / "keys" / "log.key").exists()

    @pytest.mark.parametrize(
        "content", [b"", b"no key", b"-----BEGIN PRIVATE KEY-----"]
    )
    def test_a_damaged_file_is_said(self, place: Path, content: bytes) -> None:
        path = place / "keys" / "log.key"
        path.parent.mkdir()
        path.write_bytes(content)
        with pytest.raises(Unavailable, match="cannot be used"):
            channels.log_key()
        assert path.read_bytes() == content

    def test_a_key_of_another_kind_is_refused(self, place: Path) -> None:
        path = place / "keys" / "log.key"
        path.parent.mkdir()
        path.write_bytes(
            X25519PrivateKey.generate().private_bytes(
                Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
            )
        )
        with pytest.raises(Unavailable, match="no Ed25519 key"):
            channels.log_key()

    @pytest.mark.parametrize("content", ["{", "[]", '{"origin": "x"}', '{"more": 1}'])
    def test_a_damaged_record_of_the_last_head_is_said(
        self, place: Path, content: str
    ) -> None:
        (place / "checkpoints").mkdir()
        (place / "checkpoints" / "rrr_x.json").write_text(content)
        with pytest.raises(Unavailable, match="is damaged"):
            channels.published("rrr/x")

    def test_a_shorter_head_never_replaces_a_longer_one(self, place: Path) -> None:
        def head(size: int) -> channels.PublishedHead:
            return channels.PublishedHead(
                origin="rrr/x", size=size, root="r", leaf="l", note=f"note {size}"
            )

        for size in (1, 3, 2):
            channels.publish(head(size))
        assert channels.published("rrr/x") == head(3)
        assert (place / "checkpoints" / "rrr_x.note").read_text() == "note 3"


ASKED: dict[str, tuple[str, int]] = {
    "an unknown parameter": ("/api/audit?page=2", 400),
    "no rows": ("/api/audit?limit=0", 400),
    "too many rows": ("/api/audit?limit=501", 400),
    "a limit in words": ("/api/audit?limit=ten", 400),
    "a foreign cursor": ("/api/audit?cursor=abc", 400),
    "a parameter of a check": ("/api/audit/verify?limit=1", 400),
    "a parameter of a checkpoint": ("/api/audit/checkpoint?at=1", 400),
}


@pytest.fixture
def reader(person: Callable[..., User], client_of: Callable[[User], Client]) -> Client:
    return client_of(person("ada", "Administrator"))


@pytest.mark.parametrize("what", ASKED)
def test_a_wrong_question_is_a_problem_that_names_it(reader: Client, what: str) -> None:
    path, status = ASKED[what]
    answer = reader.get(path)
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert answer["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("cursor", ["abc", "%21", "bm9w"])
def test_the_page_refuses_a_foreign_cursor_too(reader: Client, cursor: str) -> None:
    answer = reader.get(f"/audit/?cursor={cursor}")
    assert answer.status_code == 400
    assert "not one of ours" in answer.content.decode()


@pytest.mark.parametrize("path", ["/api/audit", "/api/audit/verify"])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nobody_writes_to_the_log_over_http(
    reader: Client, path: str, method: str
) -> None:
    assert getattr(reader, method)(path).status_code == 405


def test_an_answer_is_its_json(db: None) -> None:
    row = services.append("a.b.c", actor="p:7", object="x:1", data={"k": "v"})
    told = loads(dumps(Event.of(row, {"p:7": "ada"})))
    assert list(told) == [
        "seq", "at", "kind", "actor", "actor_name", "object", "body", "leaf",
    ]  # fmt: skip
    assert (told["seq"], told["actor_name"]) == (1, "ada")
    assert told["body"].encode() == bytes(row.body)
    assert loads(dumps(Event.of(row, {})))["actor_name"] is None
    check = loads(dumps(LogCheck.of(queries.check())))
    assert list(check) == ["ok", "size", "root", "problems", "unsure", "at"]
    assert (check["ok"], check["size"], check["problems"]) == (True, 2, [])
