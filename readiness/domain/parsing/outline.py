"""Headings and the sections they make.

A section is a heading that holds something, or whose words name a kind ("Sign-Off",
"Rollback Plan"); headings below the latter are its parts. Headings that only
group others ("Pre-Deployment Checklist") make none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from readiness.domain.parsing import words
from readiness.domain.parsing.document import CHECKS, ParsedSection

if TYPE_CHECKING:
    from markdown_it.token import Token

UNTITLED = "Checklist"


@dataclass
class Heading:
    """A heading; `declared` when its kind comes from words, its own or above.

    `section` is made once something is found below; `body` is shared with it.
    """

    text: str
    level: int
    line: int
    kind: str = CHECKS
    declared: bool = False
    parent: Heading | None = None
    section: ParsedSection | None = None
    body: list[str] = field(default_factory=list)


class Outline:
    """The headings of one document, and where the reading stands among them.

    `title` is the text of a first heading that stands above all others, or of the
    only one, which then is its section's too; `count` is the number of headings. The tail is what follows the last rule
    when no heading comes after it: it belongs to the document, not to its last
    section; `tail` is the line of that rule, 0 without one.
    """

    def __init__(self, tokens: list[Token]) -> None:
        self.current: Heading | None = None
        self.sections: list[ParsedSection] = []
        headings = [
            (int(token.tag[1]), tokens[index + 1].content)
            for index, token in enumerate(tokens)
            if token.type == "heading_open"
        ]
        self.count = len(headings)
        self.title = ""
        if headings and all(level > headings[0][0] for level, _ in headings[1:]):
            self.title = words.bare(headings[0][1])
        self.tail = 0
        for token in tokens:
            if token.type == "heading_open":
                self.tail = 0
            elif token.type == "hr" and token.level == 0 and token.map:
                self.tail = token.map[0] + 1

    @property
    def kind(self) -> str:
        return self.current.kind if self.current else CHECKS

    @property
    def in_head(self) -> bool:
        """Whether the reading stands above every heading but the title."""
        if self.current is None:
            return True
        return bool(self.title) and self.current.parent is None and self._is_title

    def enter(self, level: int, text: str, line: int) -> None:
        """Go on below a heading."""
        self._is_title = bool(self.title) and self.count > 1 and self.current is None
        above = self.current
        while above is not None and above.level >= level:
            above = above.parent
        own = None if self._is_title else words.kind_of_heading(text)
        heir = above is not None and above.declared
        kind = above.kind if above is not None and heir else own or CHECKS
        self.current = Heading(
            words.without_signs(text) or UNTITLED,
            level,
            line,
            kind,
            heir or own is not None,
            above,
        )
        if kind != CHECKS:
            self.section()

    def section(self) -> ParsedSection:
        """The section of the current place, made when first needed."""
        if self.current is None:
            self.current = Heading(UNTITLED, 1, 1)
            self._is_title = False
        return self._section_of(self.current)

    def _section_of(self, heading: Heading) -> ParsedSection:
        if heading.section is not None:
            return heading.section
        above = heading.parent
        part_of = None
        if above and heading.kind != CHECKS and above.kind == heading.kind:
            part_of = self._section_of(above)
        heading.section = ParsedSection(
            heading.text,
            heading.kind,
            heading.level,
            heading.line,
            part_of=part_of,
            minutes=words.minutes(heading.text),
            body=heading.body,
        )
        self.sections.append(heading.section)
        return heading.section
