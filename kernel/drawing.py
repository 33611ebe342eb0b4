"""The pieces of a chart: sizes, lines, labels, and the frame around them.

Colours come from classes only (strict Content-Security-Policy, both themes).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from kernel.scales import Point


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


def px(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def path(points: Iterable[Point]) -> str:
    """In steps from point to point, which is half as long as where each of them is.
    Steps between tenths of a pixel: what is rounded does not add up."""
    x = y = 0
    written: list[str] = []
    for point in points:
        right, down = (round(10 * part) for part in point)
        written.append(f"{_tenths(right - x)} {_tenths(down - y)}")
        x, y = right, down
    return f"m{' '.join(written)}".replace(" -", "-")


@lru_cache(maxsize=8192)
def _tenths(number: int) -> str:
    whole, rest = divmod(abs(number), 10)
    digits = f"{whole or ''}.{rest}" if rest else str(whole)
    return f"-{digits}" if number < 0 else digits


def stroke(points: Sequence[Point], tone: str) -> SafeString:
    return format_html(
        '<path class="chart__line chart__line--{}" d="{}"/>', tone, path(points)
    )


def area(points: Sequence[Point], tone: str, floor: float) -> SafeString:
    closed = [*points, (points[-1][0], floor), (points[0][0], floor)]
    return format_html('<path class="chart__area--{}" d="{}Z"/>', tone, path(closed))


def dot(at: Point, tone: str) -> SafeString:
    return format_html(
        '<circle class="chart__dot--{}" cx="{}" cy="{}" r="3.5"/>',
        *(tone, px(at[0]), px(at[1])),
    )


def rule(y: float, right: float, label: str) -> SafeString:
    """A horizontal grid line with its label on the right."""
    return format_html(
        '<line class="chart__rule" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<text x="{}" y="{}">{}</text>',
        *(LEFT, px(right), round(y), round(y), px(right + 8), round(y + 4), label),
    )


def text(x: float, y: float, anchor: str, label: str, css: str = "") -> SafeString:
    return format_html(
        '<text x="{}" y="{}" text-anchor="{}"{}>{}</text>',
        *(px(x), px(y), anchor),
        format_html(' class="{}"', css) if css else "",
        label,
    )


def joined(parts: Iterable[SafeString]) -> SafeString:
    return format_html_join("", "{}", ((part,) for part in parts))


def svg(
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
