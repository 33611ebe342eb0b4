"""A line as a signature holds it, and who may bring it back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class SignedLine:
    """What people said of a line when it was signed: `by` is a handle, `import` or
    None; `fields` are the blanks that held something."""

    done: bool
    by: str | None
    fields: Mapping[str, str]


def signed_line(claims: Sequence[bytes], key: str) -> SignedLine | None:
    """The line in the claims as they were signed; None where it is not among them."""
    for each in map(json.loads, claims):
        if each["key"] == key:
            return SignedLine(
                bool(each["claim"]["done"]), each["claim"]["by"], dict(each["fields"])
            )
    return None


@dataclass(frozen=True)
class Change:
    """Who changed a line last, and whether they withdrew a claim of their own."""

    by: str
    withdrew: bool


def why_not(person: str, signed: SignedLine, change: Change) -> str:
    """Why this person may not bring the line back; "" where they may.

    The one whom the signature names may, and whoever made the change; what somebody
    withdrew themselves, nobody claims for them again.
    """
    if person == signed.by:
        return ""
    if change.withdrew:
        return f"{change.by} withdrew this claim: only they can make it again."
    if person == change.by:
        return ""
    named = " or ".join(name for name in (signed.by, change.by) if name)
    return f"Only {named} can bring it back."
