"""The rest of the tear sheet: every figure, how the days are distributed, how volatility
and the Sharpe ratio went, the best days and the worst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from kernel.bars import histogram
from kernel.charts import Line, timeline
from kernel.display import change, grouped, percent, plural, tone
from kernel.drawing import Drawn
from kernel.numbers import text_or_none
from portfolio.domain import returns, rolling
from portfolio.domain.distribution import bins
from portfolio.domain.returns import Day
from portfolio.domain.statistics import exact_text, floats
from portfolio.domain.valuation import HUNDRED
from portfolio.pages.words import metric_text, why
from portfolio.queries.performance import Performance

LEAST = 20  # returns, below which their distribution is noise
WINDOWS = (90, 30)  # days; the first that leaves as many points again
EXTREMES = 5


def shape(performance: Performance, link: str) -> dict[str, Any]:
    days = returns.observations(performance.days)
    r = floats(returns.returns(days))
    return {
        "every_figure": every_figure(performance, link),
        "distribution": _distribution(r),
        "distribution_table": _distribution_table(r),
        "rolling": _rolling(performance, days, r),
        "extremes": extremes(days, performance.scope.currency),
    }


def every_figure(performance: Performance, link: str) -> list[dict[str, str]]:
    """Each metric in the order of its formulas, with where it is worked out."""
    return [
        {
            "title": metric.title,
            "value": metric_text(metric, performance.scope.currency),
            "exact": text_or_none(metric.value) or "",
            "reason": why(metric.reason),
            "observations": f"{metric.n:,}",
            "href": f"{reverse('portfolio:metric', args=[metric.name])}?{link}",
        }
        for metric in performance.metric_set.metrics.values()
    ]


# --- the distribution of days ------------------------------------------------------------


def _distribution(r: Sequence[float]) -> Drawn | None:
    """None for too few days to have one."""
    if len(r) < LEAST:
        return None
    won, lost = sum(1 for x in r if x > 0), sum(1 for x in r if x < 0)
    return histogram(
        bins(r),
        name="distribution",
        title="Distribution of daily returns",
        description=f"{plural(won, 'day')} above 0, {plural(lost, 'day')} below. "
        "The table holds every bar.",
    )


def _distribution_table(r: Sequence[float]) -> SafeString:
    rows = format_html_join(
        "",
        '<tr><th scope="row">{}</th><th scope="row">{}</th><td class="number">{}</td></tr>',
        (
            (_percent(each.low), _percent(each.high), f"{each.count:,}")
            for each in bins(r)
        ),
    )
    return format_html(
        '<table><caption class="visually-hidden">Days by their return</caption><thead><tr>'
        '<th scope="col">From</th><th scope="col">To below</th>'
        '<th scope="col" class="number">Days</th></tr></thead><tbody>{}</tbody></table>',
        rows,
    )


def _percent(fraction: float) -> str:
    return percent(exact_text(fraction) * HUNDRED, plus=True)


# --- windows -----------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Rolling:
    """The chart of the returns of each last `window` days."""

    window: int
    chart: Drawn
    table: SafeString


def window_of(r: Sequence[float]) -> int | None:
    """How many days a window holds; None for too few to move one."""
    return next((each for each in WINDOWS if len(r) >= 2 * each), None)


def _rolling(
    performance: Performance, days: Sequence[Day], r: Sequence[float]
) -> Rolling | None:
    window = window_of(r)
    if window is None:
        return None
    ppy = performance.metric_set.ppy
    known = [
        (day.day, sharpe, volatility)
        for day, sharpe, volatility in zip(
            days[window - 1 : len(r)],
            rolling.sharpe(r, window, ppy),
            rolling.volatility(r, window, ppy),
            strict=True,
        )
        if sharpe is not None and volatility is not None
    ]
    if not known:
        return None
    dates, ratios, spreads = zip(*known, strict=True)
    chart = timeline(
        dates,
        [Line(ratios, "main", filled=True)],
        name="rolling",
        title=f"Sharpe ratio and volatility of the last {window} days",
        description=f"Sharpe ratio from {min(ratios):.2f} to {max(ratios):.2f}, "
        f"now {ratios[-1]:.2f}. The table holds the month ends.",
        below=[[Line(spreads, "index")]],
    )
    return Rolling(window=window, chart=chart, table=_rolling_table(known))


def _rolling_table(known: Sequence[tuple[Any, float, float]]) -> SafeString:
    ends = [
        row
        for n, row in enumerate(known)
        if n + 1 == len(known) or known[n + 1][0].month != row[0].month
    ]
    rows = format_html_join(
        "",
        '<tr><th scope="row">{}</th><td class="number">{}</td><td class="number">{}</td></tr>',
        (
            (f"{day:%-d %b %Y}", grouped(exact_text(ratio), 2), _spread(spread))
            for day, ratio, spread in reversed(ends)
        ),
    )
    return format_html(
        '<table><caption class="visually-hidden">Month ends</caption><thead><tr>'
        '<th scope="col">Day</th><th scope="col" class="number">Sharpe ratio</th>'
        '<th scope="col" class="number">Volatility</th></tr></thead><tbody>{}</tbody></table>',
        rows,
    )


def _spread(fraction: float) -> str:
    return percent(exact_text(fraction) * HUNDRED)


# --- the best days and the worst ------------------------------------------------------------


def extremes(days: Sequence[Day], currency: str) -> list[tuple[str, list[Any]]]:
    """(heading, rows) of the days that won most and of those that lost most."""
    known = [(r, day) for day in days if (r := day.r) is not None]
    known.sort(key=lambda pair: pair[0])
    best = [pair for pair in reversed(known) if pair[0] > 0][:EXTREMES]
    worst = [pair for pair in known if pair[0] < 0][:EXTREMES]
    return [
        ("Best days", [_day_row(r, day, currency) for r, day in best]),
        ("Worst days", [_day_row(r, day, currency) for r, day in worst]),
    ]


def _day_row(r: Decimal, day: Day, currency: str) -> dict[str, str]:
    return {
        "day": f"{day.day:%a %-d %b %Y}",
        "return": percent(r * HUNDRED, plus=True),
        "pnl": change(day.pnl, currency),
        "tone": tone(r),
    }
