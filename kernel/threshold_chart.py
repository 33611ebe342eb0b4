"""A figure over a few hours with its threshold: what an alert looked at.

Drawn twice as in `kernel.charts`. Where nothing was read there is no line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from kernel.drawing import (
    FOOT,
    LEFT,
    NARROW,
    TOP,
    WIDE,
    Drawn,
    Size,
    dot,
    joined,
    px,
    rule,
    stroke,
    svg,
    text,
)
from kernel.scales import compact, labels, nice_ticks, thin

Run = Sequence[tuple[datetime, Decimal]]


@dataclass(frozen=True, kw_only=True)
class Watched:
    """Runs of what was read without a gap, from `start` to `end`; `breach` is from when
    to when it was above the threshold; `times` are labels and where they stand."""

    runs: Sequence[Run]
    start: datetime
    end: datetime
    threshold: Decimal | None
    limit: str
    breach: tuple[datetime, datetime] | None
    times: Sequence[tuple[datetime, str]]


def threshold_chart(watched: Watched, *, name: str, title: str, about: str) -> Drawn:
    """`name` makes ids unique on the page, `about` says in words what is to be seen."""

    def draw(size: Size) -> SafeString:
        frame = _Frame.of(watched, size)
        parts = [*frame.grid(), *frame.breach(watched), *frame.lines(watched)]
        parts += [*frame.threshold(watched), *frame.times(watched)]
        return svg(name, size, size.height, title, about, joined(parts))

    return Drawn(draw(WIDE), draw(NARROW))


@dataclass(frozen=True, kw_only=True)
class _Frame:
    size: Size
    start: datetime
    seconds: float
    marks: list[float]

    @classmethod
    def of(cls, watched: Watched, size: Size) -> _Frame:
        values = [float(value) for run in watched.runs for _, value in run]
        limit = float(watched.threshold or 0)
        return cls(
            size=size,
            start=watched.start,
            seconds=max(1.0, (watched.end - watched.start).total_seconds()),
            marks=nice_ticks(min(0.0, *values), max(limit, *values), size.ticks),
        )

    @property
    def right(self) -> float:
        return float(self.size.width - self.size.margin)

    @property
    def bottom(self) -> float:
        return float(self.size.height - FOOT)

    def x(self, at: datetime) -> float:
        share = (at - self.start).total_seconds() / self.seconds
        return LEFT + (self.right - LEFT) * min(1.0, max(0.0, share))

    def y(self, value: float) -> float:
        low, high = self.marks[0], self.marks[-1]
        return self.bottom - (value - low) / (high - low) * (self.bottom - TOP)

    def grid(self) -> list[SafeString]:
        shown = labels(self.marks, compact)
        pairs = zip(self.marks, shown, strict=True)
        return [rule(self.y(mark), self.right, label) for mark, label in pairs]

    def breach(self, watched: Watched) -> list[SafeString]:
        if watched.breach is None:
            return []
        left, right = (self.x(at) for at in watched.breach)
        return [
            format_html(
                '<rect class="chart__breach" x="{}" y="{}" width="{}" height="{}"/>',
                *(px(left), TOP, px(max(2.0, right - left)), px(self.bottom - TOP)),
            )
        ]

    def lines(self, watched: Watched) -> list[SafeString]:
        drawn = []
        for run in watched.runs:
            points = [(self.x(at), self.y(float(value))) for at, value in run]
            single = len(points) == 1
            thinned = thin(points, int(self.right) * 2)
            drawn.append(dot(points[0], "main") if single else stroke(thinned, "main"))
        return drawn

    def threshold(self, watched: Watched) -> list[SafeString]:
        if watched.threshold is None:
            return []
        y = self.y(float(watched.threshold))
        line = format_html(
            '<line class="chart__threshold" x1="{}" x2="{}" y1="{}" y2="{}"/>',
            *(LEFT, px(self.right), px(y), px(y)),
        )
        above = y - 5 if y > TOP + 16 else y + 14
        label = text(LEFT + 2, above, "start", watched.limit, "chart__limit")
        return [line, label]

    def times(self, watched: Watched) -> list[SafeString]:
        most = self.size.dates
        step = max(1, -(-len(watched.times) // most))
        drawn = []
        for at, label in watched.times[::step]:
            x = self.x(at)
            anchor = "start" if x < 40 else "end" if x > self.right - 40 else "middle"
            drawn.append(text(x, self.size.height - 6, anchor, label))
        return drawn
