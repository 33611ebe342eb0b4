"""Reads a checklist: GitHub task lists and what stands around them.

The Markdown parser's tokens decide what is a box (never a regex over lines), so
nothing in code, comments or tables becomes an item. A box counts exactly when
GitHub's own parser (cmark-gfm) would draw one; beside them `[~]` is read as an item
that is proposed not to apply. What else looks like a box is listed, not imported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kernel.spoken import plural
from readiness.domain.parsing import words
from readiness.domain.parsing.contradictions import contradictions
from readiness.domain.parsing.details import (
    WORDS_AT_MOST,
    describe,
    number_same_labels,
)
from readiness.domain.parsing.document import (
    CONTACTS,
    NOTES,
    Document,
    OddBox,
    ParsedBlank,
    ParsedItem,
    ParsedSection,
    ParsedStep,
)
from readiness.domain.parsing.keys import name_sections
from readiness.domain.parsing.odd_boxes import CELL, Odd, at_start
from readiness.domain.parsing.outline import Outline
from readiness.domain.parsing.proposals import propose
from readiness.domain.parsing.repair import Repairing
from readiness.domain.parsing.source import (
    BOX,
    DocumentSource,
    Unreadable,
    receive,
    refusal,
)

if TYPE_CHECKING:
    from markdown_it.token import Token

# Two levels for each list (list and item), and room for quotes; the parser's own
# limit of 20 would lose deeper items without a word.
NESTING = 200
ANY_BOX = re.compile(r"(?:^|[\s>*+.)-])\[[ xX]\](?=\s|$)")


def parse(data: bytes, repair: Repairing = Repairing.SURE) -> Document:
    """The checklist in `data`, with proposed checks and contradictions.

    Raises Invalid or TooLarge, naming line and reason, for what is no text, too
    large, or has no item. Keys are given later: they depend on earlier versions.
    """
    source = receive(data, repair)
    document = _Reader(source).read()
    if not document.items:
        reason = (
            "no item such as `- [ ] Something to check` in "
            f"{plural(len(source.lines), 'line')} under "
            f"{plural(document.headings, 'heading')}."
        )
        raise refusal(len(source.lines), Unreadable.NO_ITEMS, reason)
    propose(document)
    document.contradictions = contradictions(document)
    return document


def tokens_of(text: str) -> list[Token]:
    """Block tokens with line numbers; inline text stays as written."""
    # Loaded by who reads a checklist, which no process does at its start.
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark", {"maxNesting": NESTING}).enable("table")
    # What matters of inline text is read by `words`; parsing all of it would
    # take most of the time on a large document.
    markdown.core.ruler.enableOnly(["normalize", "block"])
    return markdown.parse(text)


@dataclass
class _Bullet:
    """An open list item; `item` when it has a box. `fresh` until its own first
    text has been read, which for an item is the line with the box."""

    item: ParsedItem | None
    fresh: bool = True


class _Reader:
    """One walk over the tokens of one document."""

    def __init__(self, source: DocumentSource) -> None:
        self.source = source
        self.tokens = tokens_of(source.text)
        self.outline = Outline(self.tokens)
        self.document = Document(source, self.outline.title, self.outline.count)
        self.document.not_imported = {"code": 0, "html": 0}
        self.quotes = 0
        self.bullets: list[_Bullet] = []
        self.label = ""  # of "Known issues:" above blanks without their own
        self.loose: list[ParsedBlank] = []
        self.in_table = False
        self.columns: list[str] = []
        self.row: list[str] = []
        self.row_line = 0

    def read(self) -> Document:
        for index, token in enumerate(self.tokens):
            self._take(token, index)
        document = self.document
        document.sections = sorted(
            self.outline.sections, key=lambda section: section.line
        )
        self._place_loose_blanks()
        name_sections(document.sections)
        for item in document.items:
            describe(item)
        number_same_labels(document.blanks)
        return document

    def _take(self, token: Token, index: int) -> None:
        line = (token.map[0] if token.map else 0) + 1
        match token.type:
            case "heading_open" if token.level == 0:
                text = self.tokens[index + 1].content[:WORDS_AT_MOST]
                self.label = ""
                self.outline.enter(int(token.tag[1]), text, line)
            case "inline":
                self._inline(token, line, self.tokens[index - 1])
            case "list_item_open":
                self._open_bullet(line, index)
            case "list_item_close":
                self.bullets.pop()
            case "fence":
                self._fence(token, line)
            case "blockquote_open":
                self.quotes += 1
            case "blockquote_close":
                self.quotes -= 1
            case "hr" if self.bullets and "_" in token.markup:
                self._blank(self.label, line, [])  # "- ______" parses as a rule
            case "code_block":
                self._pass_over("code", token.content)
            case "html_block":
                self._pass_over("html", token.content)
            case "table_open" | "table_close" | "tr_open" | "tr_close":
                self._table(token.type, line)

    # Items.

    def _open_bullet(self, line: int, index: int) -> None:
        text = self.source.lines[line - 1]
        box = BOX.match(text)
        # A box with five blanks before it is code, and so on: the parser knows.
        inner = self.tokens[index + 1]
        begins = inner.map is not None and inner.map[0] == line - 1
        is_text = inner.type in {"paragraph_open", "heading_open", "table_open"}
        if box is None or not begins or not is_text:
            self.bullets.append(_Bullet(None))
            return
        item = self._item_of(text[box.end() :].strip(), line, box[1])
        self.document.items.append(item)
        self.bullets.append(_Bullet(item))
        self.label = ""
        self._blanks(item.text, line)

    def _item_of(self, text: str, line: int, sign: str) -> ParsedItem:
        parent = self._item()
        title, rest = text, ""
        if len(text) <= WORDS_AT_MOST:
            title, rest = words.split_title(text)
        return ParsedItem(
            section=self.outline.section(),
            line=line,
            text=text,
            title=title or "(no text)",
            ticked=sign in "xX",
            aside=sign == "~",
            depth=parent.depth + 1 if parent else 1,
            parent=parent,
            body=[rest] if rest else [],
        )

    def _item(self) -> ParsedItem | None:
        """The innermost item that the current place belongs to."""
        return next(
            (bullet.item for bullet in reversed(self.bullets) if bullet.item), None
        )

    # Text.

    def _inline(self, token: Token, line: int, before: Token) -> None:
        if self.in_table:
            self.row.append(token.content)
            return
        texts = token.content.split("\n")
        bullet = self.bullets[-1] if self.bullets else None
        first = bullet is not None and bullet.fresh
        for offset, text in enumerate(texts):
            if not (first and offset == 0 and bullet and bullet.item):
                in_list = first and offset == 0
                self._odd(text, line + offset, in_list=in_list, before=before)
        if before.type == "heading_open" and before.level == 0:
            return
        if bullet:
            bullet.fresh = False
        for offset, text in enumerate(texts):
            if first and offset == 0 and bullet and bullet.item:
                continue  # the line with the box: read already
            self._text(text.strip(), line + offset, bullet=first and offset == 0)

    def _odd(self, text: str, line: int, *, in_list: bool, before: Token) -> None:
        kind = at_start(text, in_list=in_list, in_quote=self.quotes > 0)
        if kind and before.type == "heading_open":
            kind = Odd.HEADING
        if kind and words.status_of(text.strip()) is None:
            self.document.odd_boxes.append(OddBox(line, kind, text.strip()[:200]))

    def _text(self, text: str, line: int, *, bullet: bool) -> None:
        item = self._item()
        short = len(text) <= WORDS_AT_MOST
        if short and item and (status := words.status_of(text)):
            item.statuses.append(status)
        elif short and words.blank_spans(text):
            self._blanks(text, line)
        elif not (short and (self._header(text) or self._escalation(text))):
            kept = f"- {text}" if bullet else text
            if item:
                item.body.append(kept)
            elif self.outline.current:
                self.outline.current.body.append(kept)
            if short and not bullet and text.rstrip("*_ ").endswith(":"):
                self.label = words.bare(text)

    def _header(self, text: str) -> bool:
        """`**Key**: value` above the first section describes the document."""
        match = words.KEY_VALUE.fullmatch(text)
        if match is None or self.bullets or not self.outline.in_head:
            return False
        self.document.header[match["key"].strip()] = match["value"].strip()
        return True

    def _escalation(self, text: str) -> bool:
        """P0 to P3 among the contacts say who is called and how fast."""
        match = words.PRIORITY.fullmatch(text)
        if match is None or self.outline.kind != CONTACTS:
            return False
        name = (match["name"] or "").strip()
        row = {"level": match["level"], "name": name, "action": match["do"].strip()}
        self.document.escalation.append(row)
        return True

    # Blanks and tables.

    def _blanks(self, text: str, line: int) -> None:
        if len(text) > WORDS_AT_MOST:
            return
        at = 0
        for start, end in words.blank_spans(text):
            label = words.bare(text[at:start]) or self.label
            self._blank(label, line, words.choices(text[end:]))
            at = end

    def _blank(self, label: str, line: int, choices: list[str]) -> None:
        item = self._item()
        kind = "choice" if choices else words.kind_of_field(label)
        in_tail = 0 < self.outline.tail < line
        loose = item is None and (in_tail or self.outline.in_head)
        section = ParsedSection("", NOTES, 1, line)
        if not loose:
            section = item.section if item else self.outline.section()
        blank = ParsedBlank(section, item, label or "Blank", kind, line, choices)
        (self.loose if loose else self.document.blanks).append(blank)

    def _place_loose_blanks(self) -> None:
        """Blanks outside every section join the notes, else the last section."""
        sections = self.document.sections
        notes = [section for section in sections if section.kind == NOTES]
        for blank in self.loose if sections else []:
            blank.section = (notes or sections)[-1].whole
            self.document.blanks.append(blank)

    def _table(self, kind: str, line: int) -> None:
        match kind:
            case "table_open":
                self.in_table, self.columns = True, []
            case "table_close":
                self.in_table = False
            case "tr_open":
                self.row, self.row_line = [], line
            case "tr_close":
                self._odd_cells()
                if self.columns:
                    self._table_row()
                else:
                    self.columns = [words.bare(cell) or "–" for cell in self.row]

    def _odd_cells(self) -> None:
        boxes = [cell for cell in self.row if CELL.search(cell[:WORDS_AT_MOST])]
        if boxes:
            text = " · ".join(boxes)[:200]
            self.document.odd_boxes.append(OddBox(self.row_line, Odd.TABLE, text))

    def _table_row(self) -> None:
        cells = {
            column: cell[:WORDS_AT_MOST]
            for column, cell in zip(self.columns, self.row, strict=False)
        }
        name = words.bare(next(iter(cells.values()), ""))
        for column, cell in cells.items():
            for _ in words.blank_spans(cell):
                label = f"{name}: {column}" if name else column
                self._blank(label, self.row_line, [])
        if self.outline.kind == CONTACTS:
            empty = {
                column for column, cell in cells.items() if words.blank_spans(cell)
            }
            self.document.contacts.append(
                {
                    column: "" if column in empty else cell
                    for column, cell in cells.items()
                }
            )

    # Code.

    def _fence(self, token: Token, line: int) -> None:
        self._pass_over("code", token.content)
        item = self._item()
        section = item.section if item else self.outline.section()
        language = token.info.split()[0] if token.info.split() else ""
        step = ParsedStep(
            section,
            item,
            item.title if item else section.title,
            language,
            token.content,
            line,
            section.minutes,
        )
        self.document.steps.append(step)

    def _pass_over(self, where: str, text: str) -> None:
        boxes = sum(bool(ANY_BOX.search(line)) for line in text.splitlines())
        self.document.not_imported[where] += boxes
