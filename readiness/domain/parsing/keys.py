"""Keys such as SEC-04 and SEC-02.1: short, unique, and stable across versions.

A key is never used again in a template. An item of a new version keeps its key
when it stands at the same place under the same words, or nearly so; a new one
takes the highest number ever used plus one.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from readiness.domain.parsing.document import ParsedItem, ParsedSection

SIMILAR = 0.85
COMPARED_AT_MOST = 200  # items on each side: similarity costs their product
KEY_AT_MOST = 60
CODES = {
    "security": "SEC",
    "performance": "PRF",
    "monitoring": "MON",
    "infrastructure": "INF",
    "testing": "TST",
    "documentation": "DOC",
    "code-quality": "COD",
    "sign-off": "SGN",
    "post-deployment-monitoring": "FUP",
}


@dataclass(frozen=True)
class Earlier:
    """An item of the version before: its key, its parent's and where it stood."""

    key: str
    parent: str
    section: str
    slug: str


def slug(text: str) -> str:
    """ "sign-off" from "Sign-Off"; letters of every script are kept."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", "-", kept).strip("-")[:80].rstrip("-")


def name_sections(sections: Iterable[ParsedSection]) -> None:
    """Give each section its slug, and the code that its items' keys begin with.

    Both are unique in the document; parts take the code of their whole.
    """
    slugs: set[str] = set()
    codes: set[str] = set()
    for section in sections:
        section.slug = _unique(slug(section.title) or "section", slugs, "-")
        if section.part_of is None:
            section.code = _unique(_code(section.title), codes, "")
        else:
            section.code = section.whole.code


def _code(title: str) -> str:
    known = CODES.get(slug(title))
    if known:
        return known
    parts = re.findall(r"[a-z]+", slug(title))
    if len(parts) >= 3:
        return "".join(part[0] for part in parts[:4]).upper()
    return "".join(parts)[:3].upper() or "ITM"


def _unique(name: str, taken: set[str], joint: str) -> str:
    number, candidate = 1, name
    while candidate in taken:
        number += 1
        candidate = f"{name}{joint}{number}"
    taken.add(candidate)
    return candidate


def assign(
    items: Sequence[ParsedItem],
    earlier: Sequence[Earlier] = (),
    used: Iterable[str] = (),
) -> list[tuple[str, str, str]]:
    """Give every item its key, parents before children.

    `earlier` are the items of the version before, `used` all keys that the
    template ever had. Returns what was matched by similarity, for a person to
    confirm: (key, words before, words now).
    """
    counter = _Counter({*used, *(before.key for before in earlier)})
    confirm: list[tuple[str, str, str]] = []
    families: dict[int | None, list[ParsedItem]] = {}
    for item in items:
        families.setdefault(id(item.parent) if item.parent else None, []).append(item)
    waiting: list[list[ParsedItem]] = [families.get(None, [])]
    while waiting:
        for family in _by_section(waiting.pop()):
            confirm += _match(family, earlier)
            for item in family:
                item.key = item.key or counter.next(item)
                waiting.append(families.get(id(item), []))
    return confirm


def _by_section(items: list[ParsedItem]) -> list[list[ParsedItem]]:
    groups: dict[int, list[ParsedItem]] = {}
    for item in items:
        groups.setdefault(id(item.section), []).append(item)
    return list(groups.values())


def _match(
    family: list[ParsedItem], earlier: Sequence[Earlier]
) -> list[tuple[str, str, str]]:
    """Keep the keys of siblings in one section that were there before."""
    if not family or not earlier:
        return []
    parent = family[0].parent.key if family[0].parent else ""
    section = family[0].section.slug
    left = [
        candidate
        for candidate in earlier
        if (candidate.parent, candidate.section) == (parent, section)
    ]
    by_slug: dict[str, list[Earlier]] = {}
    for candidate in reversed(left):
        by_slug.setdefault(candidate.slug, []).append(candidate)
    for item in family:
        if same := by_slug.get(slug(item.title)):
            item.key = same.pop().key
    kept = {item.key for item in family}
    left = [candidate for candidate in left if candidate.key not in kept]
    new = [item for item in family if not item.key]
    if max(len(new), len(left)) > COMPARED_AT_MOST:
        return []
    pairs = sorted(
        (
            (
                SequenceMatcher(None, candidate.slug, slug(item.title)).ratio(),
                candidate,
                item,
            )
            for candidate in left
            for item in new
        ),
        key=lambda pair: -pair[0],
    )
    matched: list[tuple[str, str, str]] = []
    for ratio, candidate, item in pairs:
        if ratio >= SIMILAR and not item.key and candidate in left:
            item.key = candidate.key
            left.remove(candidate)
            matched.append((candidate.key, candidate.slug, slug(item.title)))
    return matched


class _Counter:
    """The next free number below each prefix; numbers only grow."""

    def __init__(self, used: set[str]) -> None:
        self.highest: dict[str, int] = {}
        for key in used:
            prefix, _, number = key.rpartition("." if "." in key else "-")
            if number.isdecimal():
                at = self.highest.get(prefix, 0)
                self.highest[prefix] = max(at, int(number))

    def next(self, item: ParsedItem) -> str:
        parent = item.parent.key if item.parent else ""
        if parent and len(parent) < KEY_AT_MOST:
            return f"{parent}.{self._number(parent)}"
        # Very deep below: a number of its own instead of an endless key.
        return f"{item.section.code}-{self._number(item.section.code):02d}"

    def _number(self, prefix: str) -> int:
        self.highest[prefix] = self.highest.get(prefix, 0) + 1
        return self.highest[prefix]
