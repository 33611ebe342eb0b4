"""How a token says which secret it was signed with."""

from __future__ import annotations

import hashlib


def kid_of(secret: str) -> str:
    """A key's name in a token's header: first 8 hex digits of its SHA-256."""
    return hashlib.sha256(secret.encode()).hexdigest()[:8]
