"""Charts drawn on the server as SVG: they work without JavaScript and print.

Every chart is drawn twice, wide (740) and narrow (340), because text inside a
scaled SVG would otherwise fall under 11 px on a phone; CSS shows one of them.
Colours come from classes only (strict Content-Security-Policy, both themes). The
caller puts the same numbers into a table or <details> beside the picture.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from kernel.drawing import (
    FOOT,
    LEFT,
    NARROW,
    TOP,
    WIDE,
    Drawn,
    Size,
    area,
    dot,
    joined,
    px,
    rule,
    stroke,
    svg,
    text,
)
from kernel.scales import (
    Label,
    Number,
    Point,
    compact,
    day_label,
    labels,
    nice_ticks,
    percent_label,
    thin,
)

EMPTY = mark_safe("")  # nothing in it # nosec B308
LOWER = 96  # px of each panel under the first
TONES = ("main", "index", "third", "fourth", "fifth")  # of lines beside one another


@dataclass(frozen=True)
class Line:
    """One series over the shared days, None (a gap) where it says nothing.
    `tone` is its colour (see TONES); `filled` tints the area between it and 0, where the
    axis shows 0."""

    values: Sequence[Number | None]
    tone: str = "main"
    filled: bool = False


@dataclass(frozen=True)
class Marker:
    """What happened on one of the days: money that came in (`up`) or went out."""

    position: int
    up: bool
    label: str


# --- time series -------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Panel:
    """A plotting area: values low..high over days, between two heights."""

    top: float
    bottom: float
    right: float
    low: float
    high: float
    count: int

    def y(self, value: float) -> float:
        part = (value - self.low) / ((self.high - self.low) or 1.0)
        return self.bottom - part * (self.bottom - self.top)

    def x(self, position: int) -> float:
        return LEFT + (self.right - LEFT) * position / max(1, self.count - 1)

    def runs(self, values: Sequence[Number | None]) -> list[list[Point]]:
        """The points between gaps, thinned to about one a pixel, extremes kept."""
        runs: list[list[Point]] = [[]]
        for n, value in enumerate(values):
            if value is not None:
                runs[-1].append((self.x(n), self.y(float(value))))
            elif runs[-1]:
                runs.append([])
        return [thin(run, int(self.right)) for run in runs if run]


def _known(lines: Iterable[Line]) -> list[float]:
    return [
        float(value) for line in lines for value in line.values if value is not None
    ]


def _panel(
    lines: Sequence[Line], top: float, bottom: float, size: Size, ticks: int
) -> tuple[_Panel, list[float]]:
    values = _known(lines)
    marks = nice_ticks(min(values), max(values), ticks)
    panel = _Panel(
        top=top,
        bottom=bottom,
        right=float(size.width - size.margin),
        low=marks[0],
        high=marks[-1],
        count=len(lines[0].values),
    )
    return panel, marks


def _plot(
    lines: Sequence[Line], panel: _Panel, marks: Sequence[float], label: Label
) -> Iterable[SafeString]:
    for mark, shown in zip(marks, labels(marks, label), strict=True):
        yield rule(panel.y(mark), panel.right, shown)
    for line in lines:
        for points in panel.runs(line.values):
            if line.filled and panel.low <= 0 <= panel.high:
                yield area(points, line.tone, panel.y(0.0))
            yield stroke(points, line.tone)
            if len(points) == 1:
                yield dot(points[0], line.tone)


def _dates(
    days: Sequence[date], panel: _Panel, y: float, most: int
) -> Iterable[SafeString]:
    span = (days[-1] - days[0]).days
    count = min(most, len(days))
    for n in range(count):
        position = round(n * (len(days) - 1) / max(1, count - 1))
        anchor = "start" if not n else "end" if n == count - 1 else "middle"
        label = day_label(days[position], span=span)
        yield text(panel.x(position), y, anchor, label)


def _marks(
    markers: Iterable[Marker], panel: _Panel, bottom: float
) -> Iterable[SafeString]:
    """Triangles on the floor of a panel, each with its words."""
    for marker in markers:
        tip, base = (bottom - 9, bottom - 1) if marker.up else (bottom - 1, bottom - 9)
        x = panel.x(marker.position)
        yield format_html(
            '<path class="chart__flow chart__flow--{}" d="M{} {}L{} {}L{} {}Z">'
            "<title>{}</title></path>",
            "in" if marker.up else "out",
            *(px(x), px(tip), px(x - 4.5), px(base), px(x + 4.5), px(base)),
            marker.label,
        )


def timeline(
    days: Sequence[date],
    lines: Sequence[Line],
    *,
    name: str,
    title: str,
    description: str,
    label: Label = compact,
    below: Sequence[Sequence[Line]] = (),
    markers: Sequence[Marker] = (),
) -> Drawn:
    """Lines over days, and under them panels, each with its lines of fractions.

    `name` makes the ids unique on the page. Nothing to draw gives empty texts:
    the caller shows its empty state.
    """
    if not days or not _known(lines):
        return Drawn(EMPTY, EMPTY)

    def draw(size: Size) -> SafeString:
        height = size.height + (LOWER + FOOT) * len(below)
        bottom = float(size.height - FOOT)
        panel, marks = _panel(lines, TOP, bottom, size, size.ticks)
        parts = list(_plot(lines, panel, marks, label))
        parts += _marks(markers, panel, bottom)
        for fractions in below:
            top, bottom = bottom + FOOT, bottom + FOOT + LOWER
            lower, steps = _panel(fractions, top, bottom, size, 3)
            if max(_known(fractions)) <= 0:
                steps = [step for step in steps if step <= 0]
            parts += _plot(fractions, lower, steps, percent_label)
        if not below:
            parts += [dot(panel.runs(line.values)[-1][-1], line.tone) for line in lines]
        parts += _dates(days, panel, height - 6, size.dates)
        return svg(name, size, height, title, description, joined(parts))

    return Drawn(draw(WIDE), draw(NARROW))


def sparkline(values: Sequence[Number], tone: str = "main") -> SafeString:
    """A small decorative line; the number stands beside it, so it is hidden from
    screen readers. Empty for fewer than two values."""
    if len(values) < 2:
        return EMPTY
    numbers = [float(value) for value in values]
    low, spread = min(numbers), (max(numbers) - min(numbers)) or 1.0
    raw = [
        (100.0 * n / (len(numbers) - 1), 24.0 - 22.0 * (value - low) / spread)
        for n, value in enumerate(numbers)
    ]
    return format_html(
        '<svg class="spark" viewBox="0 0 100 26" preserveAspectRatio="none"'
        ' aria-hidden="true">{}</svg>',
        stroke(thin(raw, 100), tone),
    )


# --- shares ------------------------------------------------------------------

RADIUS = 52
CIRCLE = 2 * math.pi * RADIUS


def donut(
    parts: Sequence[tuple[str, Number]], *, title: str, centre: str, caption: str
) -> SafeString:
    """Shares of a whole as a ring of up to five arcs, in order.

    Amounts below 0 have no share. `title` names the parts for screen readers; the
    caller lists them beside it.
    """
    amounts = [max(0.0, float(amount)) for _, amount in parts]
    whole = math.fsum(amounts)
    arcs: list[SafeString] = []
    start = 0.0
    for n, amount in enumerate(amounts):
        length = CIRCLE * amount / whole if whole else 0.0
        shown = max(0.0, length - (1.5 if len(amounts) > 1 else 0.0))
        arcs.append(
            format_html(
                '<circle class="donut__arc--{}" cx="65" cy="65" r="{}"'
                ' stroke-dasharray="{} {}" stroke-dashoffset="{}" transform="rotate(-90 65 65)"/>',
                *(min(n + 1, 5), RADIUS, f"{shown:.2f}", f"{CIRCLE - shown:.2f}"),
                f"{-start:.2f}",
            )
        )
        start += length
    return format_html(
        '<svg viewBox="0 0 130 130" role="img" aria-label="{}">{}{}{}</svg>',
        title,
        joined(arcs),
        text(65, 64, "middle", centre),
        text(65, 80, "middle", caption, "donut__caption"),
    )
