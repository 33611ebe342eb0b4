"""A metric worked out: the numbers that lead to it, from the same series."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from kernel.display import amount, grouped, percent
from kernel.numbers import ZERO
from portfolio.domain import returns
from portfolio.domain import statistics as stats
from portfolio.domain.formulas import FORMULAS
from portfolio.domain.metrics import MetricSet
from portfolio.domain.money_weighted import flows
from portfolio.domain.returns import Drawdown
from portfolio.domain.statistics import floats
from portfolio.domain.tails import RARE, percentile
from portfolio.domain.valuation import HUNDRED
from portfolio.pages.performance import provenance, reproduce
from portfolio.pages.words import metric_text, why
from portfolio.queries.performance import Performance

MOST_FLOWS = 20
TAILS = {"omega", "value_at_risk", "expected_shortfall", "tail_ratio"}
Steps = list[tuple[str, str]]  # (step, number)


def metric_page(
    performance: Performance, name: str, query: Mapping[str, str]
) -> dict[str, Any]:
    metric = performance.metric_set.metrics[name]
    return {
        "metric": metric,
        "why": why(metric.reason),
        "formula": FORMULAS[name],
        "value": metric_text(metric, performance.scope.currency),
        "exact": metric.value,
        "found": performance,
        "worked": worked(performance, name),
        "provenance": provenance(performance),
        "query": urlencode(query),
        "reproduce": reproduce(query),
        "others": FORMULAS,
    }


def worked(performance: Performance, name: str) -> Steps:
    """The steps to the metric."""
    if FORMULAS[name].inputs == "closed round trips":
        return _of_trips(performance.metric_set, performance.scope.currency)
    if name == "simple_return":
        return _of_capital(performance)
    if name == "money_weighted":
        return _of_flows(performance)
    return _of_days(performance, name)


def _of_days(performance: Performance, name: str) -> Steps:
    metric_set = performance.metric_set
    days = returns.observations(performance.days)
    r = floats(returns.returns(days))
    steps = [("days", str(len(days)))]
    if days:
        level = returns.index(days)[-1]
        steps.append(("index at the end (from 1)", grouped(level, 8)))
        calendar = (days[-1].day - days[0].day).days + 1
        steps.append(("calendar days", str(calendar)))
    if len(r) > 1 and name in {"sharpe", "sortino", "volatility"}:
        steps.append(("mean(r)", _fraction(stats.mean(r))))
        steps.append(("std(r), ddof = 1", _fraction(stats.deviation(r))))
        downside = _fraction(stats.downside_risk(r, metric_set.ppy))
        steps.append(("downside risk a year", downside))
        steps.append(("periods per year", str(metric_set.ppy)))
    if len(r) > 1 and name in TAILS:
        steps += _of_tails(r)
    if metric_set.worst is not None and name in {"max_drawdown", "calmar"}:
        steps += _of_drawdown(metric_set.worst, performance.scope.currency)
    return steps


def _of_tails(r: list[float]) -> Steps:
    return [
        ("returns above 0, together", _fraction(math.fsum(x for x in r if x > 0))),
        ("returns below 0, together", _fraction(math.fsum(x for x in r if x < 0))),
        ("5th percentile of r", _fraction(percentile(r, RARE))),
        ("95th percentile of r", _fraction(percentile(r, 1 - RARE))),
    ]


def _of_drawdown(worst: Drawdown, currency: str) -> Steps:
    ended = f"{worst.recovered:%-d %b %Y}" if worst.recovered else "not yet"
    peak = f"{worst.peak:%-d %b %Y}" if worst.peak else "the start"
    return [
        ("peak", peak),
        ("trough", f"{worst.trough:%-d %b %Y}"),
        ("recovered", ended),
        ("days", str(worst.days)),
        ("P&L from peak to trough", amount(worst.money, currency)),
        ("depth", percent(worst.depth * HUNDRED, places=6)),
    ]


def _of_capital(performance: Performance) -> Steps:
    if not performance.days:
        return []
    currency = performance.scope.currency
    whole = returns.joined(performance.days)
    return [
        ("P&L", amount(performance.metric_set.pnl, currency)),
        ("equity at the start + inflows", amount(whole.base, currency)),
    ]


def _of_flows(performance: Performance) -> Steps:
    """The largest flows, and how many there are."""
    paid = flows(performance.days)
    shown = sorted(paid, key=lambda flow: -abs(flow[1]))[:MOST_FLOWS]
    currency = performance.scope.currency
    return [
        ("days with a flow, the start and the end among them", str(len(paid))),
        *(
            (
                f"{'taken out' if worth > 0 else 'paid in'} {at:%-d %b %Y}",
                amount(abs(worth), currency),
            )
            for at, worth in sorted(shown)
        ),
    ]


def _of_trips(metric_set: MetricSet, currency: str) -> Steps:
    won = [trip.net for trip in metric_set.trips if trip.result > 0]
    lost = [trip.net for trip in metric_set.trips if trip.result < 0]
    closed = len(metric_set.trips)
    return [
        ("closed round trips", str(closed)),
        ("won", f"{len(won)}, together {amount(sum(won, ZERO), currency)}"),
        ("lost", f"{len(lost)}, together {amount(sum(lost, ZERO), currency)}"),
        ("even", str(closed - len(won) - len(lost))),
    ]


def _fraction(value: float) -> str:
    return grouped(stats.exact_text(value), 10)
