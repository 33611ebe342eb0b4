"""Ed25519 signing keys whose private part only a passphrase opens.

Pure. The passphrase is stretched by scrypt, the private key sealed by AES-256-GCM
with the key id as associated data, so that a wrapped key cannot be moved to
another person's row.
"""

from __future__ import annotations

import base64
import json
import os
import unicodedata
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from audit.domain.dsse import key_id

# 64 MB and about 0.2 s a guess.
COST, BLOCK, PARALLEL = 2**16, 8, 1


class WrongPassphrase(Exception):
    """The passphrase does not open this key, or the wrapped key was altered."""


@dataclass(frozen=True)
class NewKey:
    """A key as it is stored: raw public key, its id, the sealed private key."""

    key_id: str
    public: bytes
    wrapped: bytes


def _stretched(passphrase: str, salt: bytes, cost: int) -> bytes:
    text = unicodedata.normalize("NFKC", passphrase).encode()
    return Scrypt(salt=salt, length=32, n=cost, r=BLOCK, p=PARALLEL).derive(text)


def make(passphrase: str, *, cost: int = COST) -> NewKey:
    """A fresh key pair, wrapped. Slow on purpose."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    name = key_id(public)
    salt, nonce = os.urandom(16), os.urandom(12)
    sealed = AESGCM(_stretched(passphrase, salt, cost)).encrypt(
        nonce, private.private_bytes_raw(), name.encode()
    )
    fields = {"v": "1", "kdf": "scrypt", "n": str(cost)}
    for label, value in (("salt", salt), ("nonce", nonce), ("sealed", sealed)):
        fields[label] = base64.b64encode(value).decode()
    return NewKey(name, public, json.dumps(fields, sort_keys=True).encode())


def open_wrapped(wrapped: bytes, name: str, passphrase: str) -> Ed25519PrivateKey:
    """The private key. Slow on purpose. Raises WrongPassphrase."""
    fields = json.loads(wrapped)
    salt, nonce, sealed = (
        base64.b64decode(fields[label]) for label in ("salt", "nonce", "sealed")
    )
    key = _stretched(passphrase, salt, int(fields["n"]))
    try:
        raw = AESGCM(key).decrypt(nonce, sealed, name.encode())
    except InvalidTag:
        raise WrongPassphrase from None
    return Ed25519PrivateKey.from_private_bytes(raw)
