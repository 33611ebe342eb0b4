"""The equity curve: drawn on the server, as data for the script, and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from kernel.charts import Drawn, Line, timeline
from kernel.display import SIGNS, amount, change, percent
from kernel.numbers import ZERO
from kernel.scales import compact
from portfolio.domain import returns
from portfolio.domain.returns import Day
from portfolio.domain.statistics import floats
from portfolio.domain.valuation import HUNDRED
from portfolio.pages.words import metric_text
from portfolio.queries.performance import Performance

CHART_ID = "equity-data"
KEEP_POINTS = 1_500


def equity_chart(performance: Performance) -> Drawn:
    """Equity (or, for a slice, its P&L so far) over days, the drawdown under it."""
    days = performance.days
    if not days:
        return Drawn(SafeString(""), SafeString(""))
    levels = returns.index(days)
    values = _curve(performance)
    currency = performance.scope.currency
    sign = SIGNS.get(currency, "")
    deepest = performance.metric_set.metrics["max_drawdown"]
    period = performance.selection.period.name
    return timeline(
        [day.day for day in days],
        [Line(values, "main", filled=True)],
        name="equity",
        title=f"{_curve_name(performance)} and drawdown, {period}",
        description=(
            f"From {amount(values[0], currency)} to {amount(values[-1], currency)}. "
            f"Deepest drawdown {metric_text(deepest)}. The table holds the month ends."
        ),
        label=lambda value: f"{sign}{compact(value)}",
        below=Line(returns.drawdown_series(levels), "loss", filled=True),
    )


def running_pnl(days: Sequence[Day]) -> list[Decimal]:
    """The P&L so far, at each day's end."""
    total = ZERO
    totals = []
    for day in days:
        total += day.pnl
        totals.append(total)
    return totals


def _curve(performance: Performance) -> list[Decimal]:
    if performance.selection.sliced:
        return running_pnl(performance.days)
    return [day.equity for day in performance.days]


def _curve_name(performance: Performance) -> str:
    return "P&L" if performance.selection.sliced else "Equity"


def chart_data(performance: Performance) -> dict[str, Any]:
    """What js/charts.js draws: seconds, and values as plain numbers; exact ones stay
    in the table and the API."""
    days = performance.days
    kept = range(0, len(days), max(1, len(days) // KEEP_POINTS))
    below = returns.drawdown_series(returns.index(days))
    values = _curve(performance)
    return {
        "t": [int(returns.day_end(days[n].day, "UTC").timestamp()) for n in kept],
        "panels": [
            _panel(
                _curve_name(performance),
                [values[n] for n in kept],
                height=260,
                hue="series-1",
            ),
            _panel("Drawdown", [below[n] for n in kept], height=120, hue="loss"),
        ],
    }


def _panel(
    name: str, values: list[Decimal], *, height: int, hue: str
) -> dict[str, Any]:
    return {
        "height": height,
        "percent": hue == "loss",
        "series": [
            {"name": name, "values": floats(values), "colour": hue, "fill": hue}
        ],
    }


def curve_table(performance: Performance) -> SafeString:
    """Month ends as a table: day, equity, P&L of the month, drawdown."""
    currency, days = performance.scope.currency, performance.days
    below = returns.drawdown_series(returns.index(days))
    rows = []
    pnl = ZERO
    for n, day in enumerate(days):
        pnl += day.pnl
        is_last = n + 1 == len(days)
        if is_last or days[n + 1].day.month != day.day.month:
            rows.append(
                (
                    f"{day.day:%-d %b %Y}",
                    amount(day.equity, currency),
                    change(pnl, currency),
                    percent(below[n] * HUNDRED),
                )
            )
            pnl = ZERO
    body = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td class="number">{}</td><td class="number">{}</td>'
        '<td class="number">{}</td></tr>',
        reversed(rows),
    )
    return format_html(
        '<table><caption class="visually-hidden">Equity at month ends</caption><thead><tr>'
        '<th scope="col">Day</th><th scope="col" class="number">Equity</th>'
        '<th scope="col" class="number">P&amp;L of the month</th>'
        '<th scope="col" class="number">Drawdown</th></tr></thead><tbody>{}</tbody></table>',
        body,
    )
