"""Canonical JSON (RFC 8785) and the one way a time is written in what is signed."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import rfc8785


def jcs(value: Any) -> bytes:
    """The RFC 8785 bytes of a value made of text, booleans, None, lists, mappings.

    Raises ValueError for a number: languages disagree about how 0.1 or 2**60 is
    written, so everything signed carries numbers as text.
    """
    _no_numbers(value, "")
    return rfc8785.dumps(value)


def sha256_hex(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def stamp(at: datetime) -> str:
    """`2026-01-02T03:04:05.000006Z`; raises ValueError for a naive time."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone cannot be signed")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _no_numbers(value: Any, path: str) -> None:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            _no_numbers(inner, f"{path}/{key}")
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for index, inner in enumerate(value):
            _no_numbers(inner, f"{path}/{index}")
    elif value is not None and not isinstance(value, str | bool):
        raise ValueError(
            f"{path or '/'} is {type(value).__name__}: write it as text to sign it"
        )


def salted_hex(salt: bytes, text: str) -> str:
    """What the log keeps of a text that may name people: HMAC-SHA256 under a salt that
    lies beside the text, so that erasing both leaves nothing to guess from."""
    return hmac.new(salt, text.encode(), hashlib.sha256).hexdigest()
