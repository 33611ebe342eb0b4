"""Marks from plain points, for tests that only need prices at times."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from trades.domain.marks import Marks, Splits, fill_mark
from trades.domain.rates import Mark

Points = Mapping[str, Iterable[tuple[datetime, Decimal]]]


def marks_of(
    prices: Points, fills: Points | None = None, splits: Splits | None = None
) -> Marks:
    """Fills first: at one time a price stands before them."""
    quoted: dict[str, list[Mark]] = {}
    for symbol, points in (fills or {}).items():
        quoted.setdefault(symbol, []).extend(fill_mark(*point) for point in points)
    for symbol, points in prices.items():
        marks = quoted.setdefault(symbol, [])
        marks.extend(Mark(price=price, at=at) for at, price in points)
    return Marks(quoted, splits)
