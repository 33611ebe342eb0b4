"""Lines over days, as they stand in a document: one scale, an axis, a legend."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from reportlab.lib.colors import Color, HexColor
from reportlab.pdfgen.canvas import Canvas

from kernel.scales import (
    Number,
    Point,
    compact,
    day_label,
    labels,
    nice_ticks,
    percent_label,
    thin,
)

HEIGHT = 128.0
MARGIN = 46.0  # on the right, for the labels
FOOT, LEGEND, SIZE = 16.0, 14.0, 7
# Told apart in print without colour, too: each its own dashes.
STROKES: tuple[tuple[Color, list[float]], ...] = (
    (HexColor(0x1F5FA8), []),
    (HexColor(0xB4530A), [4, 2]),
    (HexColor(0x4B5563), [1, 1.5]),
)
RULE, TEXT = HexColor(0xDDE1E7), HexColor(0x5A6372)
MOST_DATES = 6


@dataclass(frozen=True, kw_only=True)
class PdfLine:
    """A value a day, None where there is none."""

    name: str
    values: Sequence[Number | None]


@dataclass(frozen=True, kw_only=True)
class PdfChart:
    """Up to three lines over the same days; values are fractions where `percent`."""

    title: str
    days: Sequence[date]
    lines: Sequence[PdfLine]
    percent: bool = False

    @property
    def known(self) -> list[float]:
        return [float(v) for line in self.lines for v in line.values if v is not None]


@dataclass(frozen=True, kw_only=True)
class _Paper:
    left: float
    right: float
    low: float
    high: float
    top: float
    bottom: float
    count: int

    def x(self, position: int) -> float:
        return self.left + (self.right - self.left) * position / max(1, self.count - 1)

    def y(self, value: float) -> float:
        part = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.bottom + part * (self.top - self.bottom)

    def runs(self, values: Iterable[Number | None]) -> list[list[Point]]:
        runs: list[list[Point]] = [[]]
        for n, value in enumerate(values):
            if value is not None:
                runs[-1].append((self.x(n), self.y(float(value))))
            elif runs[-1]:
                runs.append([])
        return [thin(run, 500) for run in runs if run]


def draw_chart(
    canvas: Canvas, chart: PdfChart, *, font: str, left: float, top: float, width: float
) -> None:
    """In a box of HEIGHT under `top`; nothing without a value."""
    known = chart.known
    if not known:
        return
    marks = nice_ticks(min(known), max(known), 5)
    paper = _Paper(
        left=left,
        right=left + width - MARGIN,
        low=marks[0],
        high=marks[-1],
        top=top - LEGEND,
        bottom=top - HEIGHT + FOOT,
        count=len(chart.days),
    )
    canvas.saveState()
    canvas.setFont(font, SIZE)
    _axes(canvas, chart, paper, marks)
    x = left
    for line, (colour, dashes) in zip(chart.lines, STROKES, strict=False):
        canvas.setStrokeColor(colour)
        canvas.setDash(dashes)
        canvas.setLineWidth(1)
        canvas.line(x, top - 5, x + 14, top - 5)
        canvas.drawString(x + 18, top - 7.5, line.name)
        x += 30 + canvas.stringWidth(line.name, font, SIZE)
        _line(canvas, paper.runs(line.values), colour)
    canvas.restoreState()


def _axes(
    canvas: Canvas, chart: PdfChart, paper: _Paper, marks: Sequence[float]
) -> None:
    canvas.setFillColor(TEXT)
    canvas.setStrokeColor(RULE)
    canvas.setLineWidth(0.4)
    said = labels(marks, percent_label if chart.percent else compact)
    for mark, shown in zip(marks, said, strict=True):
        y = paper.y(mark)
        canvas.line(paper.left, y, paper.right, y)
        canvas.drawString(paper.right + 5, y - 2.5, shown)
    span = (chart.days[-1] - chart.days[0]).days
    count, before = min(MOST_DATES, paper.count), ""
    for n in range(count):
        position = round(n * (paper.count - 1) / max(1, count - 1))
        shown = day_label(chart.days[position], span=span)
        if shown == before:
            continue
        before, x, y = shown, paper.x(position), paper.bottom - 11
        if not n:
            canvas.drawString(x, y, shown)
        elif n == count - 1:
            canvas.drawRightString(x, y, shown)
        else:
            canvas.drawCentredString(x, y, shown)


def _line(canvas: Canvas, runs: Sequence[Sequence[Point]], colour: Color) -> None:
    """A run of one point is a dot."""
    for run in runs:
        if len(run) == 1:
            canvas.setFillColor(colour)
            canvas.circle(*run[0], 1.8, stroke=0, fill=1)
            canvas.setFillColor(TEXT)
            continue
        path = canvas.beginPath()
        path.moveTo(*run[0])
        for point in run[1:]:
            path.lineTo(*point)
        canvas.drawPath(path)
