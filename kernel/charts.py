"""Charts drawn on the server as SVG: they work without JavaScript and print.

Every chart is drawn twice, wide (740) and narrow (340), because text inside a
scaled SVG would otherwise fall under 11 px on a phone; CSS shows one of them.
Colours come from classes only (strict Content-Security-Policy, both themes). The
caller puts the same numbers into a table or <details> beside the picture.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from kernel.scales import (
    Number,
    Point,
    compact,
    day_label,
    nice_ticks,
    percent_label,
    thin,
)

Label = Callable[[float], str]
EMPTY = mark_safe("")


@dataclass(frozen=True, kw_only=True)
class Size:
    """A drawing's measures in px; `margin` is kept on the right for the labels."""

    name: str
    width: int
    height: int
    margin: int
    ticks: int
    dates: int


WIDE = Size(name="wide", width=740, height=292, margin=60, ticks=6, dates=6)
NARROW = Size(name="narrow", width=340, height=220, margin=60, ticks=4, dates=3)
LEFT = 4
TOP = 14
FOOT = 34


@dataclass(frozen=True)
class Drawn:
    """The two drawings of one chart."""

    wide: SafeString
    narrow: SafeString


@dataclass(frozen=True)
class Line:
    """One series over the shared days. `tone` is its colour: main, gain or loss;
    `filled` tints the area below it."""

    values: Sequence[Number]
    tone: str = "main"
    filled: bool = False


# --- pieces ------------------------------------------------------------------


def _px(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _path(points: Iterable[Point]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _stroke(points: Sequence[Point], tone: str) -> SafeString:
    return format_html(
        '<path class="chart__line chart__line--{}" d="{}"/>', tone, _path(points)
    )


def _area(points: Sequence[Point], tone: str, floor: float) -> SafeString:
    closed = [*points, (points[-1][0], floor), (points[0][0], floor)]
    return format_html('<path class="chart__area--{}" d="{}Z"/>', tone, _path(closed))


def _rule(y: float, right: float, label: str) -> SafeString:
    """A horizontal grid line with its label on the right."""
    return format_html(
        '<line class="chart__rule" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<text x="{}" y="{}">{}</text>',
        *(LEFT, _px(right), round(y), round(y), _px(right + 8), round(y + 4), label),
    )


def _text(x: float, y: float, anchor: str, label: str, css: str = "") -> SafeString:
    return format_html(
        '<text x="{}" y="{}" text-anchor="{}"{}>{}</text>',
        *(_px(x), _px(y), anchor),
        format_html(' class="{}"', css) if css else "",
        label,
    )


def _joined(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


def _svg(
    name: str, size: Size, height: int, title: str, description: str, body: SafeString
) -> SafeString:
    key = f"{name}-{size.name}"
    return format_html(
        '<svg class="chart__picture chart__picture--{size}"'
        ' viewBox="0 0 {width} {height}" role="img"'
        ' aria-labelledby="{key}-t {key}-d"><title id="{key}-t">{title}</title>'
        '<desc id="{key}-d">{description}</desc>{body}</svg>',
        size=size.name,
        width=size.width,
        height=height,
        key=key,
        title=title,
        description=description,
        body=body,
    )


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

    def points(self, values: Sequence[Number]) -> list[Point]:
        """Thinned to about two points a pixel, extremes kept."""
        raw = [(self.x(n), self.y(float(value))) for n, value in enumerate(values)]
        return thin(raw, int(self.right) * 2)


def _panel(
    lines: Sequence[Line], top: float, bottom: float, size: Size, ticks: int
) -> tuple[_Panel, list[float]]:
    values = [float(value) for line in lines for value in line.values]
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
    for mark in marks:
        yield _rule(panel.y(mark), panel.right, label(mark))
    for line in lines:
        points = panel.points(line.values)
        if line.filled:
            floor = panel.y(min(max(0.0, panel.low), panel.high))
            yield _area(points, line.tone, floor)
        yield _stroke(points, line.tone)


def _dates(
    days: Sequence[date], panel: _Panel, y: float, most: int
) -> Iterable[SafeString]:
    span = (days[-1] - days[0]).days
    count = min(most, len(days))
    for n in range(count):
        position = round(n * (len(days) - 1) / max(1, count - 1))
        anchor = "start" if not n else "end" if n == count - 1 else "middle"
        label = day_label(days[position], span=span)
        yield _text(panel.x(position), y, anchor, label)


def timeline(
    days: Sequence[date],
    lines: Sequence[Line],
    *,
    name: str,
    title: str,
    description: str,
    label: Label = compact,
    below: Line | None = None,
) -> Drawn:
    """Lines over days, and under them a second panel of fractions ≤ 0 (drawdown).

    `name` makes the ids unique on the page. Nothing to draw gives empty texts:
    the caller shows its empty state.
    """
    if not days or not lines:
        return Drawn(EMPTY, EMPTY)

    def draw(size: Size) -> SafeString:
        extra = size.height // 3 if below is not None else 0
        height = size.height + extra
        bottom = float(size.height - FOOT)
        panel, marks = _panel(lines, TOP, bottom, size, size.ticks)
        parts = list(_plot(lines, panel, marks, label))
        if below is not None:
            lower, steps = _panel([below], bottom + FOOT, height - FOOT, size, 3)
            steps = [step for step in steps if step <= 0]
            parts += _plot([below], lower, steps, percent_label)
        else:
            last = panel.points(lines[0].values)[-1]
            dot = '<circle class="chart__dot" cx="{}" cy="{}" r="3.5"/>'
            parts.append(format_html(dot, _px(last[0]), _px(last[1])))
        parts += _dates(days, panel, height - 6, size.dates)
        return _svg(name, size, height, title, description, _joined(parts))

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
        _stroke(thin(raw, 100), tone),
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
        _joined(arcs),
        _text(65, 64, "middle", centre),
        _text(65, 80, "middle", caption, "donut__caption"),
    )
