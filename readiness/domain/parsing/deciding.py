"""What a person decides where a checklist contradicts itself, before it is published.

The document stays as it was written; a decision changes what is read from it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from readiness.domain.parsing.document import (
    Clash,
    Contradiction,
    Document,
    ParsedItem,
)

AS_WRITTEN: Final = "as-written"


@dataclass(frozen=True)
class Choice:
    """A way out of a contradiction: its name, its words, and what it does to the
    items at the contradiction's lines (missing where a line was left out)."""

    name: str
    words: str
    apply: Callable[[Document, list[ParsedItem]], None]


def _tick(
    which: slice, *, ticked: bool
) -> Callable[[Document, list[ParsedItem]], None]:
    def apply(_document: Document, items: list[ParsedItem]) -> None:
        for item in items[which]:
            item.ticked = ticked

    return apply


FIRST, BELOW, ALL = slice(0, 1), slice(1, None), slice(None)
LEAVE_OUT = "Leave out the second, and what is below it"


def _leave_out_second(document: Document, items: list[ParsedItem]) -> None:
    """With everything below it, and its blanks and steps."""
    gone = {id(items[1])}
    for item in document.items:
        if item.parent and id(item.parent) in gone:
            gone.add(id(item))
    document.items = [item for item in document.items if id(item) not in gone]
    document.blanks = [each for each in document.blanks if id(each.item) not in gone]
    document.steps = [each for each in document.steps if id(each.item) not in gone]


CHOICES: Mapping[Clash, tuple[Choice, ...]] = {
    Clash.OPEN_BUT_DONE: (Choice("tick", "Tick it", _tick(FIRST, ticked=True)),),
    Clash.TICKED_BUT_NOT_DONE: (
        Choice("open", "Take the tick away", _tick(FIRST, ticked=False)),
    ),
    Clash.PARENT_AHEAD: (
        Choice("open", "Take the tick above away", _tick(FIRST, ticked=False)),
        Choice("tick", "Tick what is below", _tick(BELOW, ticked=True)),
    ),
    Clash.PARENT_BEHIND: (
        Choice("tick", "Tick the line above", _tick(FIRST, ticked=True)),
    ),
    Clash.OPPOSITE: (
        Choice("open", "Both open", _tick(ALL, ticked=False)),
        Choice("tick", "Both ticked", _tick(ALL, ticked=True)),
        Choice("first", LEAVE_OUT, _leave_out_second),
    ),
    Clash.SAME_CHECK: (),
    Clash.DUPLICATE: (Choice("first", LEAVE_OUT, _leave_out_second),),
}


def decide(document: Document, decisions: Mapping[str, str]) -> dict[str, str]:
    """Apply decisions, {contradiction's key: choice's name}, to a parsed document.

    Returns those that were understood and could be applied: not those for a
    contradiction that the document has no more, or for a line that another
    decision left out.
    """
    applied: dict[str, str] = {}
    for clash in document.contradictions:
        choice = _choice(clash, decisions.get(clash.key, AS_WRITTEN))
        by_line = {item.line: item for item in document.items}
        if choice and all(line in by_line for line in clash.lines):
            choice.apply(document, [by_line[line] for line in clash.lines])
            applied[clash.key] = choice.name
    return applied


def _choice(clash: Contradiction, name: str) -> Choice | None:
    return next((each for each in CHOICES[clash.code] if each.name == name), None)
