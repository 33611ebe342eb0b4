"""Mojibake: UTF-8 that was once read as Mac Roman and saved again.

Each run of non-ASCII characters is judged by itself: if its Mac Roman bytes are
valid UTF-8 they are what was meant, else the run stays as it is. Nothing is
guessed, so clean text with accents, CJK or emoji passes unchanged.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

RUN = re.compile(r"[^\x00-\x7f]+")
LINES_NAMED = 10


@dataclass
class Repair:
    """One kind of damage: what stood there, what it became, how often, where.

    `lines` names the first few lines (from 1).
    """

    received: str
    repaired: str
    times: int = 0
    lines: list[int] = field(default_factory=list)

    @property
    def names(self) -> str:
        """What the characters are called: not every font can draw them."""
        return ", ".join(
            unicodedata.name(character, f"U+{ord(character):04X}")
            for character in self.repaired[:8]
        )


def meant(run: str) -> str | None:
    """What the run was before the damage; None when it was not damaged so."""
    try:
        return run.encode("mac_roman").decode("utf-8")
    except UnicodeError:
        return None


def mend(text: str) -> tuple[str, list[Repair]]:
    """The text as it was meant, and what was changed, most frequent first."""
    repairs: dict[str, Repair] = {}
    parts: list[str] = []
    at, line = 0, 1
    for start, end, repaired in _damaged(text):
        run = text[start:end]
        line += text.count("\n", at, start)
        parts += [text[at:start], repaired]
        at = end
        entry = repairs.setdefault(run, Repair(run, repaired))
        entry.times += 1
        if len(entry.lines) < LINES_NAMED:
            entry.lines.append(line)
    parts.append(text[at:])
    return "".join(parts), sorted(repairs.values(), key=lambda repair: -repair.times)


def _damaged(text: str) -> Iterator[tuple[int, int, str]]:
    for match in RUN.finditer(text):
        repaired = meant(match.group())
        if repaired is not None:
            yield match.start(), match.end(), repaired
