"""Envelopes, with securesystemslib as the judge."""

from __future__ import annotations

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer._key import SSlibKey

from audit.domain import dsse

KIND = "application/vnd.in-toto+json"
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
KEY_ID = "56475aa75463474c0285df5dbf2bcab73da651358839e9b77481b2eab107708c"
TRUSTED = {KEY_ID: PUBLIC}


def judged(envelope: bytes) -> bytes:
    key = SSlibKey(KEY_ID, "ed25519", "ed25519", {"public": PUBLIC.hex()})
    read = Envelope.from_dict(json.loads(envelope))
    read.verify([key], 1)
    payload: bytes = read.payload
    return payload


def test_the_encoding_before_signing_is_the_one_of_the_protocol() -> None:
    expected = b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"

    assert dsse.pae("http://example.com/HelloWorld", b"hello world") == expected


def test_a_stranger_s_tool_verifies_our_envelope() -> None:
    assert judged(dsse.sign(KIND, b'{"a":"b"}', KEY)) == b'{"a":"b"}'


def test_the_key_id_is_the_digest_of_the_raw_public_key() -> None:
    assert dsse.key_id(PUBLIC) == KEY_ID


def test_we_verify_our_own() -> None:
    assert dsse.verify(dsse.sign(KIND, b"words", KEY), KIND, TRUSTED) == b"words"


@pytest.mark.parametrize(
    "change",
    [
        {"payload": "d29yZHo="},
        {"payloadType": "text/plain"},
        {"signatures": []},
        {"payload": None},
    ],
)
def test_a_changed_envelope_is_refused(change: dict[str, object]) -> None:
    envelope = json.loads(dsse.sign(KIND, b"words", KEY)) | change

    with pytest.raises(dsse.BadEnvelope):
        dsse.verify(json.dumps(envelope).encode(), KIND, TRUSTED)


def test_a_key_that_nobody_trusts_is_refused_by_both() -> None:
    stranger = dsse.sign(KIND, b"words", Ed25519PrivateKey.generate())

    with pytest.raises(dsse.BadEnvelope, match="no known key"):
        dsse.verify(stranger, KIND, TRUSTED)
    with pytest.raises(VerificationError):
        judged(stranger)


def test_a_foreign_signature_under_a_trusted_name_is_refused() -> None:
    forged = json.loads(dsse.sign(KIND, b"words", Ed25519PrivateKey.generate()))
    forged["signatures"][0]["keyid"] = KEY_ID

    with pytest.raises(dsse.BadEnvelope, match="no known key"):
        dsse.verify(json.dumps(forged).encode(), KIND, TRUSTED)


@pytest.mark.parametrize("rubbish", [b"", b"[]", b"{}", b"\xff", b'{"payload": 1}'])
def test_rubbish_is_no_envelope(rubbish: bytes) -> None:
    with pytest.raises(dsse.BadEnvelope):
        dsse.verify(rubbish, KIND, TRUSTED)
