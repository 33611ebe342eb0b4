"""Counts as bars over an axis of values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
from kernel.scales import Bin, Label, labels, nice_ticks, percent_label

EMPTY = mark_safe("")  # nothing in it # nosec B308
GAP = 1.5


def histogram(
    bars: Sequence[Bin],
    *,
    name: str,
    title: str,
    description: str,
    label: Label = percent_label,
) -> Drawn:
    """Bars of one width side by side: below 0 in the colour of losses. Each says its
    borders and its count. Nothing to draw gives empty texts."""
    if not bars:
        return Drawn(EMPTY, EMPTY)

    def draw(size: Size) -> SafeString:
        body = joined(_body(bars, size, label))
        return svg(name, size, size.height, title, description, body)

    return Drawn(draw(WIDE), draw(NARROW))


def _body(bars: Sequence[Bin], size: Size, label: Label) -> Iterable[SafeString]:
    right, bottom = float(size.width - size.margin), float(size.height - FOOT)
    marks = nice_ticks(0, max(bar.count for bar in bars), size.ticks)
    scale = (bottom - TOP) / marks[-1]
    for mark in (mark for mark in marks if mark == int(mark)):
        yield rule(bottom - mark * scale, right, f"{int(mark):,}")
    wide = (right - LEFT) / len(bars)
    borders = labels([*(bar.low for bar in bars), bars[-1].high], label)
    for n, bar in enumerate(bars):
        yield format_html(
            '<rect class="chart__bar--{}" x="{}" y="{}" width="{}" height="{}">'
            "<title>{} to {}: {}</title></rect>",
            "loss" if bar.high <= 0 else "gain",
            *(px(LEFT + n * wide + GAP / 2), px(bottom - bar.count * scale)),
            *(px(wide - GAP), px(bar.count * scale)),
            *(borders[n], borders[n + 1], f"{bar.count:,}"),
        )
    every = -(-len(borders) // size.dates)
    zero = next((n for n, bar in enumerate(bars) if bar.low == 0), 0)
    for n in range(zero % every, len(borders), every):
        anchor = "start" if not n else "end" if n == len(bars) else "middle"
        yield text(LEFT + n * wide, size.height - 6, anchor, borders[n])
