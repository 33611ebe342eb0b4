"""Checkpoints as C2SP notes: three lines, signed with the log's Ed25519 key."""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

ED25519 = b"\x01"
DASH = "\N{EM DASH} "


class BadNote(ValueError):
    """The bytes are no checkpoint of ours, or no trusted key signed them."""


@dataclass(frozen=True)
class Head:
    """How long the log is and what its tree hashes to."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Exactly three lines: origin, size, base64 of the root."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def key_hash(name: str, public: bytes) -> bytes:
    """The first four bytes of SHA-256(name || newline || 1 || public key)."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def vkey(name: str, public: bytes) -> str:
    """The verifier key as people hand it on: `name+id+base64(1 || public key)`."""
    encoded = base64.b64encode(ED25519 + public).decode()
    return f"{name}+{key_hash(name, public).hex()}+{encoded}"


def signed(head: Head, key: Ed25519PrivateKey) -> bytes:
    """The signed note; the key's name is the log's origin."""
    text = head.text()
    public = key.public_key().public_bytes_raw()
    mark = key_hash(head.origin, public) + key.sign(text.encode())
    return f"{text}\n{DASH}{head.origin} {base64.b64encode(mark).decode()}\n".encode()


def opened(note: bytes, vkeys: Iterable[str]) -> Head:
    """The head that the note states, if one of the verifier keys signed it.

    Raises BadNote. Signatures by unknown keys (witnesses) are passed over.
    """
    text, marks = _split(note)
    head = _head(text)
    known = [_read_vkey(vkey) for vkey in vkeys]
    for name, mark in marks:
        for trusted, public in known:
            if (
                name == trusted == head.origin
                and mark[:4] == key_hash(name, public)
                and _valid(public, mark[4:], text.encode())
            ):
                return head
    raise BadNote("no trusted key signed this checkpoint for its origin")


def _valid(public: bytes, signature: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _split(note: bytes) -> tuple[str, list[tuple[str, bytes]]]:
    try:
        text, gap, tail = note.decode().partition("\n\n")
        lines = tail.removesuffix("\n").split("\n")
        if not gap or not tail.endswith("\n"):
            raise BadNote("a checkpoint is three lines, an empty one, signatures")
        return f"{text}\n", [_mark(line) for line in lines]
    except (UnicodeDecodeError, binascii.Error) as error:
        raise BadNote(f"this is no checkpoint: {error}") from error


def _mark(line: str) -> tuple[str, bytes]:
    name, space, encoded = line.removeprefix(DASH).partition(" ")
    if not line.startswith(DASH) or not space:
        raise BadNote("a signature line is a dash, a name and base64")
    return name, base64.b64decode(encoded, validate=True)


def _head(text: str) -> Head:
    lines = text.removesuffix("\n").split("\n")
    if len(lines) != 3 or not lines[1].isascii() or not lines[1].isdecimal():
        raise BadNote("a checkpoint is exactly origin, size and root")
    try:
        root = base64.b64decode(lines[2], validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote(f"the root is no base64: {error}") from error
    head = Head(lines[0], int(lines[1]), root)
    if len(root) != 32 or head.text() != text:
        raise BadNote("a checkpoint is written in one way only; this is another")
    return head


def _read_vkey(given: str) -> tuple[str, bytes]:
    name, _, rest = given.strip().partition("+")
    claimed, _, encoded = rest.partition("+")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadNote(f"{given!r} is no verifier key") from error
    if raw[:1] != ED25519 or key_hash(name, raw[1:]).hex() != claimed:
        raise BadNote(f"{given!r} is no Ed25519 verifier key")
    return name, raw[1:]
