"""The equity curve: drawn on the server, as data for the script, and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from kernel.charts import Line, Marker, timeline
from kernel.display import amount, change, percent, plural
from kernel.drawing import Drawn
from kernel.numbers import ZERO
from portfolio.domain import returns
from portfolio.domain.benchmark import growth as benchmarked
from portfolio.domain.returns import Day
from portfolio.domain.statistics import floats_or_gaps
from portfolio.domain.valuation import HUNDRED
from portfolio.pages.words import metric_text, money_label
from portfolio.queries.performance import Performance

CHART_ID = "equity-data"
KEEP_POINTS = 1_500
CHARTED = Context(prec=10)
MOST_FLOWS = 60  # more markers hide one another


def equity_chart(performance: Performance) -> Drawn:
    """Equity (or, for a slice, its P&L so far) with what was paid in and out, under it
    the return without those, and the drawdown."""
    days = performance.days
    if not days:
        return Drawn(SafeString(""), SafeString(""))
    levels = returns.index(days)
    values = _curve(performance)
    currency = performance.scope.currency
    deepest = performance.metric_set.metrics["max_drawdown"]
    period = performance.selection.period.label
    beside = benchmark_growth(performance)
    moved = flows(performance)
    return timeline(
        [day.day for day in days],
        [Line(values, "main", filled=True)],
        name="equity",
        title=f"{_curve_name(performance)}, return and drawdown, {period}",
        description=(
            f"From {amount(values[0], currency)} to {amount(values[-1], currency)}. "
            f"Deepest drawdown {metric_text(deepest)}. "
            f"Money came or went on {plural(len(moved), 'day')}. The table holds the month ends."
        ),
        label=money_label(currency),
        below=[
            [
                Line(growth(levels), "index", filled=True),
                *([Line(beside, "third")] if beside else []),
            ],
            [Line(returns.drawdown_series(levels), "loss", filled=True)],
        ],
        markers=[
            Marker(n, up=net > 0, label=_moved(days[n], net, currency))
            for n, net in moved
        ],
    )


def growth(levels: Sequence[Decimal]) -> list[Decimal]:
    """The time-weighted return so far: the index less 1."""
    return [level - 1 for level in levels]


def benchmark_growth(performance: Performance) -> list[Decimal | None]:
    """What the benchmark returned so far; empty without one."""
    first, benchmark = performance.metric_set.first, performance.benchmark
    if not benchmark.days or first is None:
        return []
    return benchmarked(performance.days, first, benchmark)


def flows(performance: Performance) -> list[tuple[int, Decimal]]:
    """(position, what came in less what went out) of the days with the largest; none
    where a part of the books is looked at."""
    if performance.selection.sliced:
        return []
    moved = [
        (n, day.inflow - day.outflow)
        for n, day in enumerate(performance.days)
        if day.inflow != day.outflow
    ]
    moved.sort(key=lambda flow: -abs(flow[1]))
    return sorted(moved[:MOST_FLOWS])


def _moved(day: Day, net: Decimal, currency: str) -> str:
    way = "paid in" if net > 0 else "taken out"
    return f"{amount(abs(net), currency)} {way} on {day.day:%-d %b %Y}"


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
    step = -(-len(days) // KEEP_POINTS)
    kept = [*range(0, len(days) - 1, step), len(days) - 1]
    levels = returns.index(days)
    beside = benchmark_growth(performance)
    money = _series(_curve_name(performance), _curve(performance), kept, "series-1")
    fallen = _series("Drawdown", returns.drawdown_series(levels), kept, "loss")
    grown = [_series("Return", growth(levels), kept, "series-2")]
    if beside:
        symbol = performance.benchmark.symbol
        grown.append(_series(symbol, beside, kept, "series-3", filled=False))
    return {
        "t": [_seconds(days[n]) for n in kept],
        "panels": [
            {"height": 260, "percent": False, "series": [money]},
            {"height": 120, "percent": True, "series": grown},
            {"height": 120, "percent": True, "series": [fallen]},
        ],
        "flows": [
            {"t": _seconds(days[n]), "up": net > 0} for n, net in flows(performance)
        ],
    }


def _seconds(day: Day) -> int:
    return int(returns.day_end(day.day, "UTC").timestamp())


def _series(
    name: str,
    values: Sequence[Decimal | None],
    kept: Sequence[int],
    hue: str,
    *,
    filled: bool = True,
) -> dict[str, Any]:
    """Filled only where the axis shows 0, which is where the area begins."""
    shown = [values[n] for n in kept]
    known = [value for value in shown if value is not None]
    zero = min(known, default=1) <= 0 <= max(known, default=-1)
    return {
        "name": name,
        "values": floats_or_gaps(map(_short, shown)),
        "colour": hue,
        "fill": hue if filled and zero else "",
    }


def _short(value: Decimal | None) -> Decimal | None:
    """As many digits as a chart tells apart."""
    return None if value is None else CHARTED.plus(value)


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
