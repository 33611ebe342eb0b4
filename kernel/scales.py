"""The measures of a chart: round ticks, short labels, and as many points as show.

Pure: numbers and days in, numbers and texts out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

Number = Decimal | float | int
Point = tuple[float, float]
FLAT = 1e-15  # what differs by less is one value to the eye, and to a logarithm


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers covering low..high, at most about `most` of them."""
    if high - low < FLAT:
        spread = abs(high) * 0.1 or 1.0
        low, high = low - spread, high + spread
    raw = (high - low) / max(1, most - 1)
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(
        size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw * 0.999
    )
    first = math.floor(low / step)
    last = math.ceil(high / step)
    return [round(n * step, 12) for n in range(first, last + 1)]


def compact(value: Number) -> str:
    """1284317 -> "1.28M", 950 -> "950", -0.05 -> "−0.05"; for axes."""
    sign = "−" if value < 0 else ""
    size = abs(float(value))
    for limit, unit in ((1e9, "B"), (1e6, "M"), (1e3, "k")):
        if size >= limit:
            return f"{sign}{size / limit:.3g}{unit}"
    return f"{sign}{size:.4g}"


def percent_label(value: float) -> str:
    """A fraction as a label: -0.05 -> "−5 %"."""
    shown = f"{abs(value) * 100:.3g} %"
    return f"−{shown}" if value < 0 else shown


def day_label(day: date, *, span: int) -> str:
    """ "24 Nov" for short ranges, "Nov 26" for ranges over 400 days."""
    return f"{day:%b %y}" if span > 400 else f"{day.day} {day:%b}"


def thin(points: Sequence[Point], most: int) -> list[Point]:
    """At most about `most` points that keep every extreme: per bucket the first,
    lowest, highest and last."""
    if len(points) <= most:
        return list(points)
    size = math.ceil(len(points) / (most / 4))
    kept: list[Point] = []
    for start in range(0, len(points), size):
        bucket = points[start : start + size]
        low = min(bucket, key=lambda point: point[1])
        high = max(bucket, key=lambda point: point[1])
        chosen = {bucket[0], low, high, bucket[-1]}
        kept.extend(sorted(chosen))
    return kept
