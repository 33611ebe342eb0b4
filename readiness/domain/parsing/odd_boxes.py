"""What looks like a box and is no item: listed, so that nothing is lost unseen."""

from __future__ import annotations

import re
from enum import StrEnum

# At most one sign between brackets; a digit is a footnote, a word is a word.
BRACKETS = re.compile(r"\[(?P<inside>[^\[\]()\n]{0,6})\](?![(\[])")
GOOD_BOX = re.compile(r"\[[ xX~]\](?=\s|$)")
SIGNS = "☐☑☒✅✓✔✗✘❌❎⬜⬛🔲🔳🗹🗵🗸"
SIGN = re.compile(f"[{SIGNS}]")
# What is a box wherever a line begins with it; a tick also begins sentences.
BALLOT = re.compile("[☐☑☒⬜🔲🔳]")
CELL = re.compile(rf"(?:^|[\s>*+.)-])\[[ xX]\](?=\s|$)|[{SIGNS}]")


class Odd(StrEnum):
    """Why a line that looks like an item is none."""

    LOOKS_LIKE = "looks like a box"
    WITHOUT_LIST = "a box without a list"
    WITHOUT_TEXT = "a box without text"
    SIGN = "a sign instead of a box"
    TABLE = "in a table"
    QUOTE = "in a quotation"
    HEADING = "in a heading"


def at_start(text: str, *, in_list: bool, in_quote: bool) -> Odd | None:
    """What a line of text that is no item begins with; `in_list`: the first line of a
    list's entry."""
    begins = text.lstrip()
    if GOOD_BOX.match(begins):
        if in_quote:
            return Odd.QUOTE
        if not in_list:
            return Odd.WITHOUT_LIST
        return Odd.LOOKS_LIKE if begins[3:].strip() else Odd.WITHOUT_TEXT
    if (SIGN if in_list else BALLOT).match(begins):
        return Odd.SIGN
    brackets = BRACKETS.match(begins)
    return Odd.LOOKS_LIKE if brackets and _holds_one_sign(brackets["inside"]) else None


def _holds_one_sign(inside: str) -> bool:
    sign = "".join(inside.split()).rstrip("\ufe0f")
    return len(sign) <= 1 and not sign.isdigit()
