"""Each table and chart of the pages as rows of a file, at full precision."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kernel.numbers import ZERO
from portfolio.answers.holdings import exact
from portfolio.domain import returns, rolling
from portfolio.domain.benchmark import growth
from portfolio.domain.distribution import bins
from portfolio.domain.statistics import exact_text, floats
from portfolio.pages.curve import running_pnl
from portfolio.pages.shape import window_of
from portfolio.pages.trips import WEEKDAYS, nets_by_hour
from portfolio.queries.holdings import Holdings
from portfolio.queries.parts import Part, by_strategy, by_symbol
from portfolio.queries.performance import Performance
from portfolio.queries.reconciliation import Reconciliation

Rows = Iterable[Sequence[Any]]


@dataclass(frozen=True, kw_only=True)
class PerformanceFile:
    """The columns of a file, and its rows from what was measured."""

    columns: Sequence[str]
    rows: Callable[[Performance], Rows]


def _days(told: Performance) -> Rows:
    days = told.days
    levels = returns.index(days)
    below = returns.drawdown_series(levels)
    first = told.metric_set.first
    held = {day.day: day for day in told.held}
    beside = (
        growth(days, first, told.benchmark)
        if first is not None and told.benchmark.days
        else [None] * len(days)
    )
    for day, level, fallen, other in zip(days, levels, below, beside, strict=True):
        here = held.get(day.day)
        yield (
            *(day.day, day.equity, day.inflow, day.outflow, day.base, day.pnl, day.r),
            *(level - 1, fallen, other),
            *((here.gross, here.net) if here else (None, None)),
        )


def _months(told: Performance) -> Rows:
    for month in (*returns.monthly(told.days), *returns.yearly(told.days)):
        yield month.year, month.month or None, month.value, month.pnl


def _drawdowns(told: Performance) -> Rows:
    for fall in returns.deepest_first(told.days):
        yield (
            *(fall.peak, fall.trough, fall.recovered),
            *(fall.depth, fall.money, fall.days),
        )


def _figures(told: Performance) -> Rows:
    for metric in told.metric_set.metrics.values():
        low, high = metric.between or (None, None)
        yield (
            *(metric.name, metric.title, exact(metric.value), metric.unit),
            *(metric.reason, metric.n, metric.formula, low, high),
        )


PART_METRICS = ("total_return", "sharpe", "max_drawdown", "win_rate", "profit_factor")


def _parts(parts: Iterable[Part]) -> Rows:
    for part in parts:
        metrics = part.metric_set.metrics
        yield (
            *(part.name, part.pnl),
            *(metrics[name].value for name in PART_METRICS),
            len(part.metric_set.trips),
        )


def _trips(told: Performance) -> Rows:
    for trip in told.metric_set.trips:
        yield (
            *(trip.symbol, trip.strategy, trip.side, trip.opened_at, trip.closed_at),
            *(trip.quantity, trip.entry_cost, trip.net, trip.fees, trip.fills),
        )


def _hours(told: Performance) -> Rows:
    for (weekday, hour), nets in sorted(nets_by_hour(told).items()):
        yield WEEKDAYS[weekday], hour, len(nets), sum(nets, ZERO)


def _strategy_days(told: Performance) -> Rows:
    for part in by_strategy(told):
        days = part.metric_set.days
        for day, so_far in zip(days, running_pnl(days), strict=True):
            yield day.day, part.name, day.pnl, so_far


def _distribution(told: Performance) -> Rows:
    for bar in bins(floats(returns.returns(told.days))):
        yield exact_text(bar.low), exact_text(bar.high), bar.count


def _rolling(told: Performance) -> Rows:
    days = returns.observations(told.days)
    r = floats(returns.returns(days))
    window, ppy = window_of(r), told.metric_set.ppy
    if window is None:
        return
    for day, ratio, spread in zip(
        days[window - 1 : len(r)],
        rolling.sharpe(r, window, ppy),
        rolling.volatility(r, window, ppy),
        strict=True,
    ):
        known = [None if x is None else exact_text(x) for x in (ratio, spread)]
        yield day.day, window, *known


PARTS = ("pnl", *PART_METRICS, "round_trips")
PERFORMANCE_FILES: Mapping[str, PerformanceFile] = {
    "days": PerformanceFile(
        columns=(
            *("day", "equity", "paid_in", "taken_out", "capital", "pnl", "return"),
            *("return_so_far", "drawdown", "benchmark_so_far", "gross", "net"),
        ),
        rows=_days,
    ),
    "months": PerformanceFile(columns=("year", "month", "return", "pnl"), rows=_months),
    "drawdowns": PerformanceFile(
        columns=("peak", "trough", "recovered", "depth", "pnl", "days"), rows=_drawdowns
    ),
    "figures": PerformanceFile(
        columns=(
            *("name", "title", "value", "unit", "reason", "observations", "formula"),
            *("low_95", "high_95"),
        ),
        rows=_figures,
    ),
    "strategies": PerformanceFile(
        columns=("strategy", *PARTS), rows=lambda told: _parts(by_strategy(told))
    ),
    "symbols": PerformanceFile(
        columns=("symbol", *PARTS), rows=lambda told: _parts(by_symbol(told))
    ),
    "round-trips": PerformanceFile(
        columns=(
            *("symbol", "strategy", "side", "opened_at", "closed_at"),
            *("quantity", "entry_cost", "net", "fees", "fills"),
        ),
        rows=_trips,
    ),
    "hours": PerformanceFile(
        columns=("weekday", "hour", "round_trips", "net"), rows=_hours
    ),
    "strategy-days": PerformanceFile(
        columns=("day", "strategy", "pnl", "pnl_so_far"), rows=_strategy_days
    ),
    "distribution": PerformanceFile(
        columns=("from", "to_below", "days"), rows=_distribution
    ),
    "rolling": PerformanceFile(
        columns=("day", "window", "sharpe", "volatility"), rows=_rolling
    ),
}


# --- what is held --------------------------------------------------------------------------

POSITION_COLUMNS = (
    *("book", "symbol", "side", "quantity", "entry_price", "cost", "currency"),
    *("mark", "marked_at", "source", "value", "weight_percent", "unrealised"),
    *("opened_at", "reason"),
)


def position_rows(held: Holdings) -> Rows:
    for row in held.positions:
        valued, mark = row.valued, row.valued.mark
        yield (
            *(row.book, row.symbol, valued.holding.side, valued.holding.quantity),
            *(valued.holding.entry_price, valued.holding.cost, valued.holding.quote),
            *((mark.price, mark.at, mark.source) if mark else (None, None, None)),
            *(row.value, row.weight, row.gain, row.opened_at, valued.reason),
        )


# --- what others state ---------------------------------------------------------------------

STATED_COLUMNS = (
    *("book", "asset", "stated_for", "source", "stated", "booked", "difference"),
    *("parts_at", "parts_at_kind", "parts_at_external_id"),
)


def stated_rows(compared: Reconciliation) -> Rows:
    """Every statement, newest first by asset; the newest says after which fact it and
    what is booked part."""
    for row in compared.rows:
        fact = compared.fact(row)
        parts = (fact.at, fact.what, fact.external_id) if fact else (None,) * 3
        for comparison in row.comparisons:
            stated = comparison.statement
            yield (
                *(row.book.name, row.asset, stated.at, stated.source),
                *(stated.amount, comparison.booked, comparison.difference),
                *parts,
            )
            parts = (None,) * 3
