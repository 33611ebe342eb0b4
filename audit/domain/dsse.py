"""DSSE envelopes (Ed25519): what is signed is the pre-authentication encoding."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from audit.domain.canonical import jcs, sha256_hex


class BadEnvelope(ValueError):
    """The bytes are no envelope, or no known key signed them."""


def pae(payload_type: str, payload: bytes) -> bytes:
    """`DSSEv1 <len> <type> <len> <payload>`."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


def key_id(public: bytes) -> str:
    """Hex SHA-256 of the raw 32-byte public key."""
    return sha256_hex(public)


def sign(payload_type: str, payload: bytes, key: Ed25519PrivateKey) -> bytes:
    """The envelope's bytes: JCS{payload, payloadType, signatures[{keyid, sig}]}."""
    signature = key.sign(pae(payload_type, payload))
    return jcs(
        {
            "payload": base64.b64encode(payload).decode(),
            "payloadType": payload_type,
            "signatures": [
                {
                    "keyid": key_id(key.public_key().public_bytes_raw()),
                    "sig": base64.b64encode(signature).decode(),
                }
            ],
        }
    )


def verify(envelope: bytes, payload_type: str, keys: Mapping[str, bytes]) -> bytes:
    """The payload, if one of `keys` ({key id: raw public key}) signed it as this type.

    Raises BadEnvelope otherwise; nothing of the payload is looked at before.
    """
    kind, payload, signatures = _parts(envelope)
    if kind != payload_type:
        raise BadEnvelope(f"the envelope holds {kind!r}, not {payload_type!r}")
    message = pae(kind, payload)
    for named, signature in signatures:
        public = keys.get(named)
        if public is not None and _signed(public, signature, message):
            return payload
    raise BadEnvelope("no known key signed this envelope")


def _signed(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _parts(envelope: bytes) -> tuple[str, bytes, list[tuple[str, bytes]]]:
    try:
        read: dict[str, Any] = json.loads(envelope)
        return (
            str(read["payloadType"]),
            base64.b64decode(read["payload"], validate=True),
            [
                (str(line["keyid"]), base64.b64decode(line["sig"], validate=True))
                for line in read["signatures"]
            ],
        )
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise BadEnvelope(f"this is no DSSE envelope: {error}") from error
