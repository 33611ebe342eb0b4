"""The tables of the performance page: months, strategies and symbols, drawdowns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kernel.display import MISSING, arrow, change, grouped, percent, tone
from kernel.numbers import text
from portfolio.domain import returns
from portfolio.domain.returns import Day, Drawdown, Month
from portfolio.domain.valuation import HUNDRED
from portfolio.pages.words import metric_text
from portfolio.queries.parts import Part

MONTHS = [
    "Jan",
    "Feb",
    "Mar",
    "Apr",
    "May",
    "Jun",
    "Jul",
    "Aug",
    "Sep",
    "Oct",
    "Nov",
    "Dec",
]
DEEPEST = 5


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A month in the heat table: its text and its bucket."""

    bucket: str
    shown: str


def month_rows(days: Sequence[Day]) -> list[tuple[int, list[Cell], Cell]]:
    """(year, twelve cells, the year's cell), newest year first."""
    months = {(month.year, month.month): month for month in returns.monthly(days)}
    return [
        (
            year.year,
            [_cell(months.get((year.year, number))) for number in range(1, 13)],
            _cell(year),
        )
        for year in reversed(returns.yearly(days))
    ]


def _cell(month: Month | None) -> Cell:
    if month is None or month.value is None:
        return Cell(bucket="none", shown=MISSING)
    value = month.value * HUNDRED
    shown = grouped(value, 1)
    if shown == "0.0":
        return Cell(bucket="none", shown=shown)
    size = 1 if abs(value) < 1 else 2 if abs(value) < 3 else 3
    if value < 0:
        return Cell(bucket=f"loss-{size}", shown=shown)
    return Cell(bucket=f"gain-{size}", shown=f"+{shown}")


def part_rows(parts: Sequence[Part], currency: str) -> list[dict[str, str | int]]:
    return [_part_row(part, currency) for part in parts]


def _part_row(part: Part, currency: str) -> dict[str, str | int]:
    metrics = part.metric_set.metrics
    total = metrics["total_return"].value
    return {
        "name": part.name,
        "return": percent(None if total is None else total * HUNDRED, plus=True),
        "arrow": arrow(total),
        "tone": tone(total),
        "pnl": change(part.pnl, currency),
        "exact": text(part.pnl),
        "pnl_tone": tone(part.pnl),
        "sharpe": metric_text(metrics["sharpe"]),
        "drawdown": metric_text(metrics["max_drawdown"]),
        "win_rate": metric_text(metrics["win_rate"]),
        "profit_factor": metric_text(metrics["profit_factor"]),
        "trips": len(part.metric_set.trips),
    }


def drawdown_rows(days: Sequence[Day]) -> list[dict[str, str]]:
    """The worst spells below a peak, deepest first."""
    return [_drawdown_row(spell) for spell in returns.deepest_first(days)[:DEEPEST]]


def _drawdown_row(spell: Drawdown) -> dict[str, str]:
    return {
        "depth": percent(spell.depth * HUNDRED),
        "span": f"{spell.peak:%-d %b %Y}" if spell.peak else "from the start",
        "state": f"{spell.days} d"
        if spell.recovered
        else f"{spell.days} d, not recovered",
    }


def drawdown_spans(days: Sequence[Day], currency: str) -> list[list[str]]:
    """The same spells with their days: depth, peak, trough, recovery, length, P&L."""
    return [
        [
            percent(spell.depth * HUNDRED),
            f"{spell.peak:%-d %b %Y}" if spell.peak else "the start",
            f"{spell.trough:%-d %b %Y}",
            f"{spell.recovered:%-d %b %Y}" if spell.recovered else "not yet",
            f"{spell.days}",
            change(spell.money, currency),
        ]
        for spell in returns.deepest_first(days)[:DEEPEST]
    ]
