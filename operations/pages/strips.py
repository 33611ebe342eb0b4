"""A day as a strip: a bar each half hour, as SVG path data, and the words for who
cannot see them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from operations.domain.board import HalfHour

# 48 bars of 3 x 16, each 4.2 units further.
BAR_STEP, BAR_HEIGHT, LEAST_HEIGHT = 4.2, 16, 2


@dataclass(frozen=True, kw_only=True)
class DayStrip:
    """The bars by how their half hours went, and all of it in words."""

    fine: str
    faults: str
    not_measured: str
    empty: str
    text: str


def day_strip(day: str) -> DayStrip:
    """`day`: a letter of HalfHour each half hour, oldest first."""
    faults = day.count(HalfHour.FAULTS)
    looked_at = len(day) - day.count(HalfHour.EMPTY)
    text = (
        f"last 24 hours: {faults} of {looked_at} half hours with faults, "
        f"{day.count(HalfHour.NOT_MEASURED)} not measured"
    )
    return _strip([(letter, BAR_HEIGHT) for letter in day], text)


def level_strip(
    values: Sequence[Decimal | None], limit: Decimal | None = None
) -> DayStrip:
    """The highest of each half hour, as high as it is beside the highest of all; what
    is above `limit` is a fault."""
    known = [value for value in values if value is not None]
    top = max([*known, limit or Decimal(0)], default=Decimal(0)) or Decimal(1)
    bars = [_bar(value, top, limit) for value in values]
    over = sum(letter == HalfHour.FAULTS for letter, _ in bars)
    text = "last 24 hours: " + (
        f"above the limit in {over} of {len(known)} half hours"
        if limit is not None
        else f"{len(known)} half hours with data"
    )
    if len(known) < len(values):
        text += f", {len(values) - len(known)} without data"
    return _strip(bars, text)


def _bar(value: Decimal | None, top: Decimal, limit: Decimal | None) -> tuple[str, int]:
    if value is None:
        return HalfHour.EMPTY, LEAST_HEIGHT
    height = max(LEAST_HEIGHT, round(BAR_HEIGHT * value / top))
    over = limit is not None and value > limit
    return HalfHour.FAULTS if over else HalfHour.FINE, height


def _strip(bars: Sequence[tuple[str, int]], text: str) -> DayStrip:
    paths = {
        kind: "".join(
            f"M{place * BAR_STEP:.1f} {1 + BAR_HEIGHT - height}h3v{height}h-3z"
            for place, (letter, height) in enumerate(bars)
            if letter == kind
        )
        for kind in HalfHour
    }
    return DayStrip(
        fine=paths[HalfHour.FINE],
        faults=paths[HalfHour.FAULTS],
        not_measured=paths[HalfHour.NOT_MEASURED],
        empty=paths[HalfHour.EMPTY],
        text=text,
    )
