"""Free text as it is kept: NFC, and nothing in it that shows otherwise than it reads."""

from __future__ import annotations

import re
import unicodedata

from kernel.errors import FieldError, Invalid

# Controls but line ends and tabs, half letters, what a wrong encoding leaves, and the
# signs that turn the direction of writing.
CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069"
    "\ud800-\udfff\ufffd]"
)
REASON = "holds control characters, or signs that turn the direction of writing"


def composed(text: str) -> str:
    """Line ends as \\n, letters composed (NFC): é is one sign, however it was typed."""
    text = text.replace("\r\n", "\n")
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def is_plain(text: str) -> bool:
    """Of a text that is composed already."""
    return (text.isascii() and text.isprintable()) or CONTROL.search(text) is None


def plain(text: str, field: str) -> str:
    """The text as it is kept. Raises Invalid, naming the field."""
    kept = composed(text)
    if is_plain(kept):
        return kept
    raise Invalid.of([FieldError(f"/{field}", "control", f"{REASON}.")])
