"""What differs between two reviews, line by line. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class LineFacts:
    """A line as it is compared; `evidence` is what speaks for it, in words."""

    key: str
    title: str
    state: str
    claim: str
    evidence: str


@dataclass(frozen=True)
class ChangedFact:
    """`name` is title, state, claim or evidence."""

    name: str
    before: str
    now: str


@dataclass(frozen=True)
class LineChange:
    line: LineFacts
    facts: Sequence[ChangedFact]


@dataclass(frozen=True)
class ReviewDiff:
    """Added and changed in the order of now, removed in that of before."""

    added: Sequence[LineFacts]
    removed: Sequence[LineFacts]
    changed: Sequence[LineChange]


COMPARED = ("title", "state", "claim", "evidence")


def differences(
    before: Mapping[str, LineFacts], now: Mapping[str, LineFacts]
) -> ReviewDiff:
    """Both by key, in document order."""
    changed = [
        LineChange(line, facts)
        for key, line in now.items()
        if key in before and (facts := _changes(before[key], line))
    ]
    return ReviewDiff(
        added=[line for key, line in now.items() if key not in before],
        removed=[line for key, line in before.items() if key not in now],
        changed=changed,
    )


def _changes(before: LineFacts, now: LineFacts) -> list[ChangedFact]:
    return [
        ChangedFact(name, getattr(before, name), getattr(now, name))
        for name in COMPARED
        if getattr(before, name) != getattr(now, name)
    ]
