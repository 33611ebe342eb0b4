"""Documents to hand on, as PDF: a cover of facts, texts, charts and tables, page by page.

`render(PdfDocument(...))` is all there is. The same document gives the same bytes. Lines
are drawn as they come, without a layout engine: 1,000 rows take a quarter of a second. One
document is made at a time in a process, and one of more than MOST_ROWS rows is refused,
so that a request stays within its time.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any
from unicodedata import bidirectional, category

from reportlab.lib.colors import Color, HexColor
from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.pdfmetrics import registerFont, stringWidth
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from kernel.errors import TooLarge, Unavailable
from kernel.pdf_chart import HEIGHT as CHART_HEIGHT
from kernel.pdf_chart import PdfChart, draw_chart

FONTS = Path(__file__).parent / "vendor" / "dejavu"
PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"
WIDTH, HEIGHT = A4
LEFT, TOP, FOOT = 45.0, HEIGHT - 58, 50.0
INNER = WIDTH - 2 * LEFT
INK, GREY, RULE = HexColor(0x1A1F29), HexColor(0x5A6372), HexColor(0xC9CFD8)
WATERMARK = Color(0.2, 0.3, 0.6, alpha=0.05)
SIZE, LEADING, GAP = 7.5, 9.6, 6.0
MOST_ROWS = 10_000
# Of a text that reads from right to left: numbers keep their order, marks their letter.
TURNED = re.compile("[0-9]+(?:[.,:/][0-9]+)*|.[\u0591-\u05c7\u064b-\u065f\u0670]*")
MIRRORED = str.maketrans("()[]<>", ")(][><")
WAITS_SECONDS = 5
BREAK = re.compile(" (?!%)")  # a number and its sign stay together

_one_at_a_time = Lock()


@dataclass(frozen=True, kw_only=True)
class PdfColumn:
    """`share` of the width, in parts of the sum of all; numbers stand to the right."""

    title: str
    share: float
    number: bool = False


@dataclass(frozen=True, kw_only=True)
class PdfTable:
    """A row is a text for each column, or one text alone: a heading over all of them."""

    title: str
    columns: Sequence[PdfColumn]
    rows: Sequence[Sequence[str]]
    empty: str = "None."


@dataclass(frozen=True, kw_only=True)
class PdfText:
    """Paragraphs under a title."""

    title: str
    paragraphs: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class PdfDocument:
    """`verdict` stands large on the cover, `facts` below it as name and value, `foot`
    on every page; `demo` marks each page as what it is."""

    title: str
    verdict: str
    facts: Sequence[tuple[str, str]]
    parts: Sequence[PdfText | PdfTable | PdfChart]
    foot: str
    demo: bool


def render(document: PdfDocument) -> bytes:
    """The PDF. Raises TooLarge for more rows than a request has time for, Unavailable
    while others are being made."""
    rows = sum(len(part.rows) for part in document.parts if isinstance(part, PdfTable))
    if rows > MOST_ROWS:
        raise TooLarge(f"A PDF has at most {MOST_ROWS:,} rows, these are {rows:,}.")
    if not _one_at_a_time.acquire(timeout=WAITS_SECONDS):
        raise Unavailable("Other documents are being made: try again.", retry_after=5)
    try:
        return _Pages(document).drawn()
    finally:
        _one_at_a_time.release()


@cache
def _letters() -> frozenset[int]:
    """The characters that both faces have; registers them."""
    faces = [TTFont(name, str(FONTS / f"{name}.ttf")) for name in (PLAIN, BOLD)]
    for face in faces:
        registerFont(face)
    return frozenset(faces[0].face.charToGlyph) & frozenset(faces[1].face.charToGlyph)


def printable(text: str) -> str:
    """What the typeface lacks, and what nobody sees, is named by its code point."""
    letters = _letters()
    return "".join(
        letter
        if ord(letter) in letters and category(letter) != "Cf"
        else f"[U+{ord(letter):04X}]"
        for letter in " ".join(text.split())
    )


def as_drawn(line: str) -> str:
    """A canvas draws from left to right: what reads from right to left is turned round,
    up to the next letter that does not (Arabic letters stay unjoined)."""
    reads_left = [bidirectional(letter) in {"R", "AL"} for letter in line]
    drawn, at = "", 0
    while True in reads_left[at:]:
        first = reads_left.index(True, at)
        ends = (n for n in range(first, len(line)) if bidirectional(line[n]) == "L")
        end = next(ends, len(line))
        while not reads_left[end - 1]:
            end -= 1
        turned = reversed(TURNED.findall(line[first:end]))
        drawn += line[at:first] + "".join(turned).translate(MIRRORED)
        at = end
    return drawn + line[at:]


def wrapped(text: str, font: str, size: float, width: float) -> Iterator[str]:
    """Lines that fit, as they are drawn; a word that is too long is cut."""
    yield from map(as_drawn, _fitted(text, font, size, width))


def _fitted(text: str, font: str, size: float, width: float) -> Iterator[str]:
    line = ""
    for word in BREAK.split(printable(text)):
        longer = f"{line} {word}" if line else word
        if stringWidth(longer, font, size) <= width:
            line = longer
            continue
        if line:
            yield line
        line = word
        while stringWidth(line, font, size) > width:
            fits = _fitting(line, font, size, width)
            yield line[:fits]
            line = line[fits:]
    yield line


def _fitting(word: str, font: str, size: float, width: float) -> int:
    """How many letters of it fit, at least one."""
    fits = max(1, int(len(word) * width / stringWidth(word, font, size)))
    while fits > 1 and stringWidth(word[:fits], font, size) > width:
        fits -= 1
    return fits


class _Pages:
    """A canvas and where on its page the next line goes."""

    def __init__(self, document: PdfDocument) -> None:
        _letters()
        self.document = document
        self.kept = BytesIO()
        self.canvas = Canvas(self.kept, pagesize=A4, invariant=1, pageCompression=1)
        self.canvas.setTitle(printable(document.title))
        self.canvas.setProducer("RRR Dashboard")
        self.pages: list[dict[str, Any]] = []
        self.y = TOP

    def drawn(self) -> bytes:
        self._cover()
        for part in self.document.parts:
            match part:
                case PdfTable():
                    self._table(part)
                case PdfChart():
                    self._chart(part)
                case PdfText():
                    self._text(part)
        self._end_page()
        for number, page in enumerate(self.pages, 1):
            self.canvas.__dict__.update(page)
            self._frame(number, len(self.pages))
            Canvas.showPage(self.canvas)
        self.canvas.save()
        return self.kept.getvalue()

    def _end_page(self) -> None:
        """Kept, and drawn to its end once the number of pages is known."""
        self.pages.append(dict(self.canvas.__dict__))
        self.canvas._startPage()
        self.y = TOP

    def _frame(self, number: int, of: int) -> None:
        canvas = self.canvas
        canvas.setFillColor(GREY)
        canvas.setFont(PLAIN, 7)
        foot, *more = wrapped(self.document.foot, PLAIN, 7, INNER - 70)
        canvas.drawString(LEFT, 28, f"{foot} …" if more else foot)
        canvas.drawRightString(WIDTH - LEFT, 28, f"Page {number} of {of}")
        if self.document.demo:
            canvas.setFont(BOLD, 9)
            canvas.drawRightString(WIDTH - LEFT, HEIGHT - 36, "DEMO DATA")
            canvas.saveState()
            canvas.setFillColor(WATERMARK)
            canvas.setFont(BOLD, 150)
            canvas.translate(WIDTH / 2, HEIGHT / 2)
            canvas.rotate(52)
            canvas.drawCentredString(0, -50, "DEMO")
            canvas.restoreState()

    def _room(self, height: float) -> bool:
        """Whether so much goes on this page; else the next one has begun."""
        if self.y - height >= FOOT:
            return True
        self._end_page()
        return False

    def _line(self, text: str, font: str, size: float, leading: float) -> None:
        self._room(leading)
        self.y -= leading
        self.canvas.setFont(font, size)
        self.canvas.drawString(LEFT, self.y, text)

    def _paragraph(self, text: str, font: str, size: float, leading: float) -> None:
        for line in wrapped(text, font, size, INNER):
            self._line(line, font, size, leading)

    def _cover(self) -> None:
        self.canvas.setFillColor(INK)
        self._paragraph(self.document.title, BOLD, 20, 26)
        self.y -= 6
        self._paragraph(self.document.verdict, BOLD, 12, 17)
        self.y -= 10
        for name, value in self.document.facts:
            lines = list(wrapped(value, PLAIN, 9, INNER - 110))
            self._room(13 * len(lines))
            self.canvas.setFillColor(GREY)
            self.canvas.setFont(PLAIN, 9)
            self.canvas.drawString(LEFT, self.y - 13, printable(name))
            self.canvas.setFillColor(INK)
            for line in lines:
                self.y -= 13
                self.canvas.drawString(LEFT + 110, self.y, line)

    def _heading(self, title: str, under: float = 50) -> None:
        """With room for what stands under it."""
        self._room(20 + under)
        self.y -= 14
        self.canvas.setFillColor(INK)
        self._paragraph(title, BOLD, 12, 17)
        self.y -= 3

    def _text(self, text: PdfText) -> None:
        self._heading(text.title)
        for paragraph in text.paragraphs:
            self._paragraph(paragraph, PLAIN, 8.5, 12)
            self.y -= 4

    def _chart(self, chart: PdfChart) -> None:
        self._heading(chart.title, CHART_HEIGHT + 20)
        draw_chart(self.canvas, chart, font=PLAIN, left=LEFT, top=self.y, width=INNER)
        self.y -= CHART_HEIGHT

    def _table(self, table: PdfTable) -> None:
        self._heading(table.title)
        if not table.rows:
            self._paragraph(table.empty, PLAIN, 8.5, 12)
            return
        total = sum(column.share for column in table.columns)
        widths = [INNER * column.share / total for column in table.columns]
        self._row([column.title for column in table.columns], table, widths, BOLD)
        for row in table.rows:
            font = PLAIN if len(row) == len(table.columns) else BOLD
            self._row(row, table, widths, font)

    def _row(
        self, row: Sequence[str], table: PdfTable, widths: Sequence[float], font: str
    ) -> None:
        alone = len(row) != len(widths)
        spans = [INNER] if alone else widths
        cells = [
            list(wrapped(text, font, SIZE, width - GAP))
            for text, width in zip(row, spans, strict=True)
        ]
        lines = max(map(len, cells))
        # A heading takes the row below it along.
        wanted = min(lines, 40) * LEADING + (4 * LEADING if alone else 4)
        if not self._room(wanted) and font == PLAIN:
            self._row([each.title for each in table.columns], table, widths, BOLD)
        for first in range(0, lines, 40):
            # A cell longer than a page goes on, on the next one.
            self._cells(
                [cell[first : first + 40] for cell in cells], table, spans, font
            )

    def _cells(
        self,
        cells: Sequence[Sequence[str]],
        table: PdfTable,
        widths: Sequence[float],
        font: str,
    ) -> None:
        height = max(map(len, cells)) * LEADING
        self._room(height + 4)
        self.canvas.setFillColor(INK)
        self.canvas.setFont(font, SIZE)
        x = LEFT
        for cell, column, width in zip(cells, table.columns, widths, strict=False):
            for number, line in enumerate(cell, 1):
                y = self.y - number * LEADING
                if column.number:
                    self.canvas.drawRightString(x + width - GAP, y, line)
                else:
                    self.canvas.drawString(x, y, line)
            x += width
        self.y -= height + 4
        self.canvas.setStrokeColor(RULE)
        self.canvas.setLineWidth(0.4)
        self.canvas.line(LEFT, self.y, WIDTH - LEFT, self.y)
