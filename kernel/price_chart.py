"""Prices over time with what was bought and sold at them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
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
    dot,
    joined,
    px,
    rule,
    stroke,
    svg,
    text,
)
from kernel.scales import Number, Point, compact, day_label, labels, nice_ticks, thin

EMPTY = mark_safe("")  # nothing in it # nosec B308
OTHER = '<path class="chart__deal chart__deal--{}"'
TOLD = '<path class="chart__deal chart__told chart__deal--{}"'
MARK = 5.5  # px from a deal's price to the edges of its mark
SERIES = (("Price", "series-1"), ("Bought", "series-2"), ("Sold", "series-3"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Deal:
    """What was bought or sold at a price, with its words; `told` is the one of whose
    page it is."""

    at: datetime
    price: Number
    bought: bool
    label: str
    told: bool = False


@dataclass(frozen=True, kw_only=True)
class _Plane:
    """Times and prices as px."""

    start: datetime
    end: datetime
    low: float
    high: float
    right: float
    bottom: float

    def at(self, when: datetime, price: Number) -> Point:
        whole = (self.end - self.start).total_seconds() or 1.0
        across = (when - self.start).total_seconds() / whole
        up = (float(price) - self.low) / ((self.high - self.low) or 1.0)
        return (
            LEFT + 6 + (self.right - LEFT - 12) * across,
            self.bottom - up * (self.bottom - TOP),
        )


def price_chart(
    prices: Sequence[tuple[datetime, Number]],
    deals: Sequence[Deal],
    *,
    name: str,
    title: str,
    description: str,
) -> Drawn:
    """A line of prices (a dot where there is one) and a triangle for each deal, up for
    a purchase. Without either, empty texts."""
    told = [*prices, *((deal.at, deal.price) for deal in deals)]
    if not told:
        return Drawn(EMPTY, EMPTY)
    times = [at for at, _ in told]
    values = [float(price) for _, price in told]

    def draw(size: Size) -> SafeString:
        marks = nice_ticks(min(values), max(values), size.ticks)
        plane = _Plane(
            start=min(times),
            end=max(times),
            low=marks[0],
            high=marks[-1],
            right=float(size.width - size.margin),
            bottom=float(size.height - FOOT),
        )
        parts: list[SafeString] = [
            rule(plane.at(plane.start, mark)[1], plane.right, shown)
            for mark, shown in zip(marks, labels(marks, compact), strict=True)
        ]
        line = thin([plane.at(at, price) for at, price in prices], size.width * 2)
        if len(line) == 1:
            parts.append(dot(line[0], "main"))
        elif line:
            parts.append(stroke(line, "main"))
        parts += [_mark(deal, plane) for deal in deals]
        parts += _moments(plane, size)
        return svg(name, size, size.height, title, description, joined(parts))

    return Drawn(draw(WIDE), draw(NARROW))


def _mark(deal: Deal, plane: _Plane) -> SafeString:
    """Under the price for a purchase, over it for a sale, the tip on it."""
    x, y = plane.at(deal.at, deal.price)
    base = y + 2 * MARK if deal.bought else y - 2 * MARK
    return format_html(
        (TOLD if deal.told else OTHER) + ' d="M{} {}L{} {}L{} {}Z">'
        "<title>{}</title></path>",
        "bought" if deal.bought else "sold",
        *(px(x), px(y), px(x - MARK), px(base), px(x + MARK), px(base)),
        deal.label,
    )


def _moments(plane: _Plane, size: Size) -> Iterable[SafeString]:
    """Times in the reader's zone, none of them twice."""
    span = plane.end - plane.start
    count = max(1, size.dates // 2 + 1)
    before = ""
    for n in range(count):
        at = plane.start + span * n / max(1, count - 1)
        shown = moment_label(at, span)
        if shown == before:
            continue
        before = shown
        anchor = "start" if not n else "end" if n == count - 1 else "middle"
        yield text(plane.at(at, plane.low)[0], size.height - 6, anchor, shown)


def moment_label(at: datetime, span: timedelta) -> str:
    """ "24 Nov 14:30" within three days, else the day."""
    local = timezone.localtime(at)
    if span <= timedelta(days=3):
        return f"{local:%-d %b %H:%M}"
    return day_label(local.date(), span=span.days)


def price_data(
    prices: Sequence[tuple[datetime, Number]], deals: Sequence[Deal]
) -> dict[str, Any]:
    """What js/charts.js draws over it: every price and every deal is a point that
    stands at its moment, in the reader's zone."""
    told = sorted(
        [
            *((at, 0, price) for at, price in prices),
            *((deal.at, 1 if deal.bought else 2, deal.price) for deal in deals),
        ],
        key=lambda point: (point[0], point[1]),
    )
    series = []
    for kind, (name, hue) in enumerate(SERIES):
        values = [float(price) if of == kind else None for _, of, price in told]
        if any(value is not None for value in values):
            series.append(
                {"name": name, "values": values, "colour": hue, "dots": bool(kind)}
            )
    return {
        "zone": timezone.get_current_timezone_name(),
        "t": [at.timestamp() for at, _, _ in told],
        "panels": [{"height": 220, "digits": 8, "series": series}],
        "flows": [
            {
                "t": deal.at.timestamp(),
                "up": deal.bought,
                "at": float(deal.price),
                "own": deal.told,
            }
            for deal in deals
        ],
    }
