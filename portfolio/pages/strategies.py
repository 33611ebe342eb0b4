"""The P&L of each strategy through the range, as lines beside one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from kernel.charts import TONES, Line, timeline
from kernel.display import change
from kernel.drawing import Drawn
from portfolio.pages.curve import running_pnl
from portfolio.pages.words import money_label
from portfolio.queries.parts import Part

OTHERS = "all others"


@dataclass(frozen=True, kw_only=True)
class StrategyCurves:
    """The drawing, and (name, tone, P&L) of each line."""

    chart: Drawn
    lines: Sequence[tuple[str, str, str]]


def strategy_curves(parts: Sequence[Part], currency: str) -> StrategyCurves | None:
    """Of those that moved most, and the rest as one line; None for fewer than two."""
    if len(parts) < 2 or not parts[0].metric_set.days:
        return None
    lines = _lines(parts)
    told = [
        (name, tone, change(values[-1], currency))
        for (name, values), tone in zip(lines, TONES, strict=False)
    ]
    chart = timeline(
        [day.day for day in parts[0].metric_set.days],
        [Line(values, tone) for (_, values), tone in zip(lines, TONES, strict=False)],
        name="strategies",
        title="P&L of each strategy",
        description="; ".join(f"{name} {pnl}" for name, _, pnl in told)
        + ". The table below holds every strategy.",
        label=money_label(currency),
    )
    return StrategyCurves(chart=chart, lines=told)


def _lines(parts: Sequence[Part]) -> list[tuple[str, list[Decimal]]]:
    curves = [(part.name, running_pnl(part.metric_set.days)) for part in parts]
    if len(curves) <= len(TONES):
        return curves
    curves.sort(key=lambda curve: -max(map(abs, curve[1])))
    shown = curves[: len(TONES) - 1]
    rest = [values for _, values in curves[len(shown) :]]
    return [*shown, (OTHERS, [sum(row, Decimal(0)) for row in zip(*rest, strict=True)])]
