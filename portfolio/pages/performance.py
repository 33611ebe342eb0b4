"""What the performance page shows: eight figures, the curve, tables, provenance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.safestring import SafeString

from kernel.charts import sparkline
from kernel.display import amount, change, grouped, plural, tone
from kernel.numbers import text
from portfolio.domain import returns
from portfolio.domain.metrics import MetricSet
from portfolio.domain.reasons import Reason
from portfolio.pages import curve, tables
from portfolio.pages.exposure import exposure_chart
from portfolio.pages.shape import shape
from portfolio.pages.strategies import strategy_curves
from portfolio.pages.trips import HOURS, trip_spots, week_rows
from portfolio.pages.words import (
    Figure,
    implied_note,
    metric_text,
    why,
)
from portfolio.queries.parts import by_strategy, by_symbol
from portfolio.queries.performance import Performance

SHOWN_PERIODS = ("1d", "7d", "30d", "90d", "wtd", "ytd", "1y", "all")
SHOWN_METRICS = (
    "total_return",
    "cagr",
    "sharpe",
    "sortino",
    "max_drawdown",
    "win_rate",
    "profit_factor",
)
DIRECTED = {"total_return", "cagr", "max_drawdown"}  # shown as gain or loss
WARNINGS = {
    "equity_non_positive": "days without capital, which have no return: {}",
    "no_price": "days that hold something without a price, which is left out: {}",
}


def performance_page(
    performance: Performance, query: Mapping[str, str]
) -> dict[str, Any]:
    """Everything but the books to choose from; `query` is what was asked for."""
    currency, days = performance.scope.currency, performance.days
    metric_set, link = performance.metric_set, urlencode(query)
    worst = metric_set.worst
    strategies = by_strategy(performance)
    return {
        "found": performance,
        "query": query,
        "periods": _period_links(query),
        "slice_links": {
            field: _without(query, field) for field in ("strategy", "symbol")
        },
        "range_fields": _pairs_without(query, "from", "to", "benchmark"),
        "beside": beside_note(performance),
        "book_links": [
            (book.name, urlencode({**query, "book": book.reference}))
            for book in performance.scope.books
        ],
        "all_books": _without(query, "strategy", "symbol", "book"),
        "figures": performance_figures(performance, link),
        "chart": curve.equity_chart(performance),
        "moved": bool(curve.flows(performance)),
        "chart_id": curve.CHART_ID,
        "chart_data": curve.chart_data(performance) if days else None,
        "chart_table": curve.curve_table(performance) if days else "",
        **shape(performance, link),
        "exposure": exposure_chart(performance),
        "strategy_curves": strategy_curves(strategies, currency),
        "spots": trip_spots(performance),
        "week": week_rows(performance),
        "hours": HOURS,
        "measured": metric_set,
        "falls": tables.drawdown_rows(days),
        "fall_money": amount(worst.money if worst else None, currency),
        "trips": trip_lines(performance),
        "words": link,
        "months": tables.month_rows(days),
        "month_names": tables.MONTHS,
        "strategies": tables.part_rows(strategies, currency),
        "symbols": tables.part_rows(by_symbol(performance), currency),
        "provenance": provenance(performance),
        "warnings": warnings(performance),
        "implied": implied_note(performance.implied_funding, currency),
        "reproduce": reproduce(query),
        "pdf": f"{reverse('portfolio-api:performance-pdf')}?{urlencode(query)}",
    }


def _period_links(query: Mapping[str, str]) -> list[tuple[str, str, bool]]:
    """(name, query, current) of each range."""
    rest = _pairs_without(query, "period", "from", "to")
    return [
        (
            name.upper(),
            urlencode({"period": name, **rest}),
            name == query.get("period"),
        )
        for name in SHOWN_PERIODS
    ]


def _pairs_without(query: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in query.items() if name not in names}


def _without(query: Mapping[str, str], *names: str) -> str:
    return urlencode(_pairs_without(query, *names))


def beside_note(performance: Performance) -> str:
    """What to know of the benchmark; "" without one."""
    benchmark = performance.benchmark
    if not benchmark.symbol:
        return ""
    if benchmark.reason:
        return f"Benchmark {benchmark.symbol}: {why(benchmark.reason)}."
    pairs = performance.metric_set.metrics["beta"].n
    priced = f" in {benchmark.currency}" if benchmark.currency else ""
    return (
        f"Benchmark {benchmark.symbol}{priced}: {len(benchmark.days):,} daily closes,"
        f" {pairs:,} of them beside a return of the books."
    )


def reproduce(query: Mapping[str, str]) -> str:
    """The API's address that gives these numbers."""
    return f"{reverse('portfolio-api:performance')}?{urlencode(query)}"


# --- figures ---------------------------------------------------------------------------


def performance_figures(performance: Performance, link: str) -> list[Figure]:
    """P&L and seven metrics, each with its note or the reason why it is missing."""
    notes = _notes(performance)
    sparks = _sparks(performance)
    return [
        _pnl_figure(performance),
        *(
            _metric_figure(performance, name, notes, sparks, link)
            for name in SHOWN_METRICS
        ),
    ]


def _pnl_figure(performance: Performance) -> Figure:
    metric_set, currency = performance.metric_set, performance.scope.currency
    known = bool(performance.days)
    missing = performance.lacking or Reason.INSUFFICIENT_DATA
    return Figure(
        label="Net P&L",
        value=change(metric_set.pnl if known else None, currency),
        tone=tone(metric_set.pnl),
        note=f"after {amount(metric_set.fees, currency)} fees of closed trips",
        reason="" if known else why(missing),
        exact=text(metric_set.pnl) if known else "",
        spark=sparkline(
            curve.running_pnl(performance.days),
            "gain" if metric_set.pnl >= 0 else "loss",
        ),
    )


def _metric_figure(
    performance: Performance,
    name: str,
    notes: Mapping[str, str],
    sparks: Mapping[str, SafeString],
    link: str,
) -> Figure:
    metric = performance.metric_set.metrics[name]
    return Figure(
        label=metric.title,
        value=metric_text(metric, performance.scope.currency),
        tone=tone(metric.value if name in DIRECTED else None),
        note=notes.get(name, ""),
        reason=why(metric.reason),
        spark=sparks.get(name, ""),
        href=f"{reverse('portfolio:metric', args=[name])}?{link}",
        exact=text(metric.value) if metric.value is not None else "",
    )


def _sparks(performance: Performance) -> dict[str, SafeString]:
    levels = returns.index(performance.days)
    return {
        "total_return": sparkline(levels),
        "max_drawdown": sparkline(returns.drawdown_series(levels), "loss"),
    }


def _notes(performance: Performance) -> dict[str, str]:
    metric_set = performance.metric_set
    notes = {
        "total_return": f"{_observed_days(metric_set)}, deposits left out",
        "cagr": "per year of 365 days",
        "sortino": "against 0 %",
        "win_rate": f"{metric_set.wins} of {len(metric_set.trips)} round trips",
        "profit_factor": f"{metric_set.wins} won, {metric_set.losses} lost",
    }
    between = metric_set.metrics["sharpe"].between
    if between is not None:
        low, high = (grouped(bound, 2) for bound in between)
        notes["sharpe"] = f"95 % between {low} and {high}"
    worst = metric_set.worst
    if worst is not None:
        ended = f"recovered in {worst.days} d" if worst.recovered else "not recovered"
        notes["max_drawdown"] = f"{worst.trough:%-d %b %Y}, {ended}"
    return notes


def _observed_days(metric_set: MetricSet) -> str:
    return plural(metric_set.metrics["total_return"].n, "day")


def trip_lines(performance: Performance) -> list[tuple[str, str]]:
    """What the closed round trips came to."""
    metric_set, currency = performance.metric_set, performance.scope.currency
    nets = [trip.net for trip in metric_set.trips]
    metrics = metric_set.metrics
    return [
        ("Closed", f"{len(nets)}"),
        ("Won, lost", f"{metric_set.wins}, {metric_set.losses}"),
        ("Best", change(max(nets, default=None), currency)),
        ("Worst", change(min(nets, default=None), currency)),
        ("Payoff ratio", metric_text(metrics["payoff"])),
        ("Expectancy", metric_text(metrics["expectancy"], currency)),
    ]


# --- where the numbers come from ---------------------------------------------------------


def provenance(performance: Performance) -> str:
    """From how many facts: "5,060 fills, 52 transfers and 4,086 prices"."""
    inputs = performance.inputs
    return (
        f"{plural(inputs.fills, 'fill')}, {plural(inputs.transfers, 'transfer')} "
        f"and {plural(inputs.prices, 'price')}"
    )


def warnings(performance: Performance) -> list[str]:
    return [
        WARNINGS[name].format(count)
        for name, count in performance.warnings.items()
        if name in WARNINGS
    ]
