"""Mojibake: UTF-8 that was once read as Mac Roman or Windows-1252 and saved again.

Whether a document is damaged is decided for the whole of it, never for one run of
characters: the French `’é` alone would decode to an Armenian letter. A document is
repaired unasked only where hardly anything else can have happened to it; where some
of it looks damaged the repair is offered, beside what stands there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

RUN = re.compile(r"[^\x00-\x7f]+")
LINES_NAMED = 10
# So many runs must decode before anything is said, and such a share of all before
# anything is done.
FEWEST, SHARE = 3, 0.95
# What typographic Latin text is written in. Other scripts are never a repair's
# result unasked: two letters of clean text decode to one of them too often.
USUAL = re.compile("[\u00a0-\u017f\u2000-\u2bff\ufe0f\u20e3\U0001f000-\U0001faff]+")
ANY = re.compile(".+", re.DOTALL)


@dataclass
class Repair:
    """One kind of damage: what stands there, what it was, how often, where.

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


@dataclass(frozen=True)
class Mended:
    """A text after its repair: what was changed, and what is only offered.

    Both most frequent first; at most one of them has entries.
    """

    text: str
    repairs: list[Repair]
    offered: list[Repair]


Reading = Callable[[str], str | None]


class Repairing(StrEnum):
    """Which repairs are made: the sure ones, those that are offered too, or none, of a
    text that was received before."""

    SURE = "sure"
    OFFERED = "offered"
    NONE = "none"


def mend(text: str, repair: Repairing = Repairing.SURE) -> Mended:
    """The text as it was meant, as far as `repair` lets it."""
    runs = RUN.findall(text)
    reading = max(READINGS, key=lambda each: _decoded(runs, each, USUAL))
    whole = max(FEWEST, SHARE * len(runs))
    # A plain accented word says that somebody typed here after the damage, and signs
    # in pairs ("≈£100") may well be meant: typographic marks became three or four.
    sure = (
        _decoded(runs, reading, USUAL) >= whole
        and _decoded([run for run in runs if len(run) > 2], reading, USUAL) >= FEWEST
        and not any(run.isalpha() for run in runs)
    )
    throughout = sure or _decoded(runs, reading, ANY) >= whole
    if not throughout and _decoded(runs, reading, USUAL) < FEWEST:
        return Mended(text, [], [])
    mended, repairs = _replaced(text, reading, ANY if throughout else USUAL)
    if repair is Repairing.OFFERED or (sure and repair is Repairing.SURE):
        return Mended(mended, repairs, [])
    return Mended(text, [], repairs)


def _as_mac_roman(run: str) -> str | None:
    try:
        return run.encode("mac_roman").decode("utf-8")
    except UnicodeError:
        return None


# Five bytes have no character in Windows-1252; browsers read them as controls.
_CP1252 = {
    bytes([byte]).decode("cp1252", "ignore") or chr(byte): byte for byte in range(256)
}


def _as_cp1252(run: str) -> str | None:
    try:
        return bytes(_CP1252[character] for character in run).decode("utf-8")
    except (KeyError, UnicodeError):
        return None


READINGS: tuple[Reading, ...] = (_as_mac_roman, _as_cp1252)


def _decoded(runs: list[str], reading: Reading, among: re.Pattern[str]) -> int:
    meant = (reading(run) for run in runs)
    return sum(text is not None and among.fullmatch(text) is not None for text in meant)


def _replaced(
    text: str, reading: Reading, among: re.Pattern[str]
) -> tuple[str, list[Repair]]:
    """The text with each run that decodes replaced, and what was replaced."""
    repairs: dict[str, Repair] = {}
    parts: list[str] = []
    at, line = 0, 1
    for match in RUN.finditer(text):
        meant = reading(match.group())
        if meant is None or not among.fullmatch(meant):
            continue
        line += text.count("\n", at, match.start())
        parts += [text[at : match.start()], meant]
        at = match.end()
        entry = repairs.setdefault(match.group(), Repair(match.group(), meant))
        entry.times += 1
        if len(entry.lines) < LINES_NAMED:
            entry.lines.append(line)
    parts.append(text[at:])
    return "".join(parts), sorted(repairs.values(), key=lambda repair: -repair.times)
