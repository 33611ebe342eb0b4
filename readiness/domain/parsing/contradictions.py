"""Where a checklist says two things that cannot both be meant."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from readiness.domain.parsing.document import Clash, Contradiction, Document, ParsedItem

# What a status line says about the work; words in neither set decide nothing.
DONE = frozenset(
    [
        "active",
        "available",
        "complete",
        "completed",
        "configured",
        "documented",
        "done",
        "enabled",
        "exists",
        "fixed",
        "implemented",
        "optimized",
        "optimised",
        "passed",
        "passing",
        "ready",
        "resolved",
        "secured",
        "tested",
        "updated",
        "validated",
        "verified",
    ]
)
NOT_DONE = frozenset(
    [
        "blocked",
        "created",
        "draft",
        "drafted",
        "failing",
        "missing",
        "pending",
        "planned",
        "started",
        "todo",
        "unknown",
        "wip",
    ]
)
NOT_DONE_PHRASES = ("in progress", "not ", "to do", "partial")


def contradictions(document: Document) -> list[Contradiction]:
    """Ticks against status lines and children, and lines that stand twice.

    In order of their first line.
    """
    clashes = [
        *_against_status(document.items),
        *_against_children(document.items),
        *_same_commands(document),
        *_same_words(document.items),
    ]
    return sorted(clashes, key=lambda clash: clash.lines)


def says_done(status: str) -> bool | None:
    """Whether a status says that the work is done; None when it does not tell."""
    plain = status.casefold().strip(" .!*_`")
    if plain.startswith(NOT_DONE_PHRASES):
        return False
    said = re.findall(r"[a-z]+", plain)
    if any(word in NOT_DONE for word in said):
        return False
    if plain == "up to date" or any(word in DONE for word in said):
        return True
    return None


def _against_status(items: list[ParsedItem]) -> Iterator[Contradiction]:
    for item in items:
        for status in item.statuses:
            done = says_done(status)
            if done is None or done == item.ticked:
                continue
            name = _name(item)
            if done:
                detail = f"{name} is not ticked, its status says {status}."
                yield Contradiction(
                    Clash.OPEN_BUT_DONE, "Open but done", detail, (item.line,)
                )
            else:
                detail = f"{name} is ticked, its status says only {status}."
                yield Contradiction(
                    Clash.TICKED_BUT_NOT_DONE,
                    "Ticked but not done",
                    detail,
                    (item.line,),
                )


def _against_children(items: list[ParsedItem]) -> Iterator[Contradiction]:
    children: dict[int, list[ParsedItem]] = {}
    for item in items:
        if item.parent and item.blocking == "blocking" and not item.aside:
            children.setdefault(id(item.parent), []).append(item)
    for item in items:
        below = children.get(id(item), [])
        open_ = [child for child in below if not child.ticked]
        if item.ticked and open_:
            more = f" (nor {len(open_) - 1} more)" if open_[1:] else ""
            detail = (
                f"{_name(item)} is ticked, but {_name(open_[0])} below it is not{more}."
            )
            lines = (item.line, *(child.line for child in open_))
            yield Contradiction(
                Clash.PARENT_AHEAD, "Ticked above open lines", detail, lines
            )
        elif below and not open_ and not item.ticked:
            detail = f"{_name(item)} is not ticked, but every line below it is."
            yield Contradiction(
                Clash.PARENT_BEHIND, "Open above ticked lines", detail, (item.line,)
            )


def _same_commands(document: Document) -> Iterator[Contradiction]:
    first: dict[str, ParsedItem] = {}
    told: set[tuple[int, int]] = set()
    for step in document.steps:
        item = step.item
        for command in _commands(step.text) if item else ():
            other = first.setdefault(command, item) if item else None
            if other is None or item is None or other is item:
                continue
            pair = (other.line, item.line)
            if pair not in told:
                told.add(pair)
                detail = f"{_name(other)} and {_name(item)} both run `{command}`."
                yield Contradiction(Clash.SAME_CHECK, "Same check twice", detail, pair)


def _commands(text: str) -> Iterator[str]:
    for line in text.splitlines():
        command = " ".join(line.split())
        if command and not command.startswith("#"):
            yield command


def _same_words(items: Iterable[ParsedItem]) -> Iterator[Contradiction]:
    first: dict[tuple[str, ...], ParsedItem] = {}
    for item in items:
        stems = _stems(item.title)
        other = first.setdefault((_place(item), *stems), item)
        if not stems or other is item:
            continue
        lines = (other.line, item.line)
        names = f"{_state(other)}, {_state(item)}"
        if other.ticked != item.ticked:
            yield Contradiction(Clash.OPPOSITE, "Opposite states", f"{names}.", lines)
        else:
            detail = f"{_name(other)} stands twice: {names}."
            yield Contradiction(Clash.DUPLICATE, "Stands twice", detail, lines)


def _place(item: ParsedItem) -> str:
    """Nested lines may well be alike below different parents."""
    return f"{item.parent.line}" if item.parent else ""


def _stems(title: str) -> tuple[str, ...]:
    """("load", "test") of both "Load Testing" and "Load Tests"."""
    parts = re.findall(r"\w+", title[:200].casefold())
    return tuple(re.sub(r"(?<=\w{3})(ings?|s)$", "", word) for word in parts)


def _state(item: ParsedItem) -> str:
    if item.ticked:
        return f"{_name(item)} is ticked"
    return f"{_name(item)} is open" + (f" and {item.status}" if item.status else "")


def _name(item: ParsedItem) -> str:
    return f"“{item.title[:80]}”"
