"""An event's proof of inclusion as text that strangers' tools read (C2SP).

Format: https://c2sp.org/tlog-proof, version 1.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

HEADER = "c2sp.org/tlog-proof@v1"


def text(index: int, siblings: Sequence[bytes], checkpoint: bytes) -> bytes:
    """`siblings` from the leaf up, `checkpoint` the whole signed note."""
    hashes = [base64.b64encode(sibling).decode() for sibling in siblings]
    head = "\n".join([HEADER, f"index {index}", *hashes])
    return f"{head}\n\n".encode() + checkpoint
