"""The measures of a chart: round ticks, short labels, and as many points as show.

Pure: numbers and days in, numbers and texts out.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

Number = Decimal | float | int


@dataclass(frozen=True, slots=True)
class Bin:
    """`count` values v with low ≤ v < high; the last bin holds its high too."""

    low: float
    high: float
    count: int


Point = tuple[float, float]
Label = Callable[[float, int], str]  # a value, to so many significant digits
MOST_DIGITS = 15
FLAT = 1e-15  # what differs by less is one value to the eye, and to a logarithm


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """Round numbers covering low..high, at most about `most` of them."""
    if high - low < max(FLAT, 1e-12 * abs(high)):
        spread = abs(high) * 0.1 or 1.0
        low, high = low - spread, high + spread
    raw = (high - low) / max(1, most - 1)
    size = 10.0 ** math.floor(math.log10(raw))
    step = next(
        size * factor for factor in (1, 2, 2.5, 5, 10) if size * factor >= raw * 0.999
    )
    first = math.floor(low / step)
    last = math.ceil(high / step)
    return [float(f"{n * step:.15g}") for n in range(first, last + 1)]


def compact(value: Number, digits: int = 3) -> str:
    """1284317 -> "1.28M", 950 -> "950", -0.05 -> "−0.05", 3e16 -> "3e16"; for axes."""
    sign = "−" if value < 0 else ""
    size = abs(float(value))
    if size >= 1e15:
        return f"{sign}{size:.{digits}g}".replace("e+", "e")
    for limit, unit in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "k")):
        if size >= limit:
            return f"{sign}{size / limit:.{digits}g}{unit}"
    return f"{sign}{size:.{digits + 1}g}"


def percent_label(value: float, digits: int = 3) -> str:
    """A fraction as a label: -0.05 -> "−5 %"."""
    shown = f"{abs(value) * 100:.{digits}g} %"
    return f"−{shown}" if value < 0 else shown


def labels(marks: Sequence[float], label: Label) -> list[str]:
    """The marks as short as they are told apart."""
    for digits in range(3, MOST_DIGITS):
        shown = [label(mark, digits) for mark in marks]
        if len(set(shown)) == len(marks):
            return shown
    return [label(mark, MOST_DIGITS) for mark in marks]


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
