"""A review as Markdown: the checklist's own text, filled in. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from readiness.domain.parsing.reading import tokens_of
from readiness.domain.parsing.source import BOX, LINE_END, kept
from readiness.domain.parsing.words import blank_spans


@dataclass(frozen=True)
class ItemMark:
    """What a review says about the item on `line`: its tick, and lines of text
    that go below it."""

    line: int
    ticked: bool
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class FilledBlank:
    """The text for the blank number `nth` (from 0) of `line`."""

    line: int
    text: str
    nth: int = 0


@dataclass
class _Line:
    text: str
    end: str
    below: list[str] = field(default_factory=list)


def fill(
    source: bytes, marks: Sequence[ItemMark], filled: Sequence[FilledBlank] = ()
) -> str:
    """The checklist with ticks, notes below the items and blanks filled in.

    Nothing else changes; with no marks and no blanks filled the text is the same. A
    box that is no item of the review (it was left out) says nothing: it is empty.
    """
    clean, text = kept(source)
    lines = _lines(clean)
    ends = _item_ends(text)
    for blank in filled:
        lines[blank.line - 1].text = _fill_blank(lines[blank.line - 1].text, blank)
    marked = {mark.line for mark in marks}
    left_out = [ItemMark(line, ticked=False) for line in ends if line not in marked]
    for mark in [*marks, *(left_out if marks else ())]:
        line = lines[mark.line - 1]
        box = BOX.match(line.text)
        if box is None:
            continue
        unticked = box[1] if box[1] == "~" else " "
        sign = "x" if mark.ticked else unticked
        line.text = line.text[: box.start(1)] + sign + line.text[box.end(1) :]
        indent = " " * len(line.text[: box.start(1) - 1].expandtabs(4))
        last = lines[ends.get(mark.line, mark.line) - 1]
        last.below += [f"{indent}- {one_line(note)}" for note in mark.notes]
    return "".join(_whole(line) for line in lines)


def one_line(text: str) -> str:
    """Text that cannot become a heading, list or line of its own."""
    return " ".join(text.split())


def _lines(text: str) -> list[_Line]:
    lines: list[_Line] = []
    at = 0
    for match in LINE_END.finditer(text):
        lines.append(_Line(text[at : match.start()], match.group()))
        at = match.end()
    return [*lines, _Line(text[at:], "")]


def _item_ends(text: str) -> Mapping[int, int]:
    """{line of the item: last line of its first paragraph}, so that notes do not
    cut a sentence in two."""
    tokens = tokens_of(text)
    return {
        token.map[0] + 1: following.map[1]
        for token, following in itertools.pairwise(tokens)
        if token.type == "list_item_open" and token.map and following.map
    }


def _fill_blank(text: str, blank: FilledBlank) -> str:
    spans = blank_spans(text)
    if blank.nth >= len(spans):
        return text
    start, end = spans[blank.nth]
    return text[:start] + one_line(blank.text) + text[end:]


def _whole(line: _Line) -> str:
    if not line.below:
        return line.text + line.end
    end = line.end or "\n"
    return end.join([line.text, *line.below]) + line.end
