"""Points over how long something took, on a scale of times."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

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
    joined,
    px,
    rule,
    svg,
    text,
)
from kernel.scales import Label, Number, compact, labels, nice_ticks

EMPTY = mark_safe("")  # nothing in it # nosec B308
# Where the axis of times may begin, end and be labelled.
TIMES = (
    (1, "1 s"),
    (60, "1 min"),
    (600, "10 min"),
    (3_600, "1 h"),
    (21_600, "6 h"),
    (86_400, "1 d"),
    (604_800, "7 d"),
    (2_592_000, "30 d"),
    (31_536_000, "1 y"),
    (315_360_000, "10 y"),
    (3_153_600_000, "100 y"),
)
LEAST_GAP = 44  # px between labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """`value` after `took`, and its words."""

    took: timedelta
    value: Number
    label: str


def scatter(
    spots: Sequence[Spot],
    *,
    name: str,
    title: str,
    description: str,
    label: Label = compact,
) -> Drawn:
    """A dot for each, gains and losses in their colours, over a logarithmic axis of
    times. Nothing to draw gives empty texts."""
    if not spots:
        return Drawn(EMPTY, EMPTY)
    values = [float(spot.value) for spot in spots]
    seconds = [max(1.0, spot.took.total_seconds()) for spot in spots]
    times = _times(min(seconds), max(seconds))

    def draw(size: Size) -> SafeString:
        bottom, right = float(size.height - FOOT), float(size.width - size.margin)
        marks = nice_ticks(min(0.0, *values), max(0.0, *values), size.ticks)
        low, high = marks[0], marks[-1]
        first, last = math.log(times[0][0]), math.log(times[-1][0])

        def y(value: float) -> float:
            return bottom - (value - low) / (high - low) * (bottom - TOP)

        def x(took: float) -> float:
            part = (math.log(took) - first) / (last - first)
            return LEFT + 4 + (right - LEFT - 8) * part

        parts: list[SafeString] = [
            rule(y(mark), right, shown)
            for mark, shown in zip(marks, labels(marks, label), strict=True)
        ]
        parts += [
            _dot(x(took), y(value), value, spot.label)
            for spot, took, value in zip(spots, seconds, values, strict=True)
        ]
        parts += _axis([(x(took), shown) for took, shown in times], size.height - 6)
        return svg(name, size, size.height, title, description, joined(parts))

    return Drawn(draw(WIDE), draw(NARROW))


def _times(low: float, high: float) -> list[tuple[int, str]]:
    """Those between which all lies, and those in between."""
    first = max((n for n, (at, _) in enumerate(TIMES) if at <= low), default=0)
    last = min(
        (n for n, (at, _) in enumerate(TIMES) if at >= high), default=len(TIMES) - 1
    )
    if first == last:
        first, last = (first - 1, last) if last else (0, 1)
    return list(TIMES[first : last + 1])


def _dot(x: float, y: float, value: float, label: str) -> SafeString:
    return format_html(
        '<circle class="chart__spot chart__spot--{}" cx="{}" cy="{}" r="3">'
        "<title>{}</title></circle>",
        *("loss" if value < 0 else "gain", px(x), px(y), label),
    )


def _axis(places: Sequence[tuple[float, str]], y: float) -> Iterable[SafeString]:
    """The first and last label, and as many between as do not touch."""
    end = places[-1][0]
    taken = -math.inf
    for n, (x, shown) in enumerate(places):
        is_last = n == len(places) - 1
        if not is_last and (x - taken < LEAST_GAP or end - x < LEAST_GAP):
            continue
        taken = x
        anchor = "start" if not n else "end" if is_last else "middle"
        yield text(x, y, anchor, shown)
