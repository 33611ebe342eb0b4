"""What the API answers about how well it did.

A percentage is x 100, a metric's value a fraction; each metric is null exactly when
it has a reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any

from kernel.numbers import ZERO, rounded
from kernel.paging import Page
from kernel.schema import Answer
from portfolio.answers.holdings import KnownAt, exact
from portfolio.domain import returns
from portfolio.domain.metrics import Metric, MetricSet
from portfolio.domain.reasons import Reason
from portfolio.domain.returns import Drawdown, Month
from portfolio.domain.valuation import HUNDRED
from portfolio.queries.curve import Curve, Point
from portfolio.queries.days import Inputs
from portfolio.queries.parts import Part
from portfolio.queries.performance import Performance

AsOf = Annotated[
    datetime | None,
    "for when the stored days hold: before timestamp while newer facts are being"
    " recomputed, null when they never were computed",
]


def hundredfold(fraction: Decimal | None) -> Decimal | None:
    return None if fraction is None else rounded(fraction * HUNDRED)


@dataclass(frozen=True, kw_only=True)
class MetricAnswer(Answer):
    value: Annotated[Decimal | None, "a fraction, a ratio or money"]
    reason: Reason | None
    formula: Annotated[str, "changes when its definition does"]
    n: Annotated[int, "observations behind it"]
    interval_95: Annotated[list[Decimal] | None, "where one is computed"]

    @classmethod
    def of(cls, metric: Metric) -> MetricAnswer:
        return cls(
            value=exact(metric.value),
            reason=metric.reason,
            formula=metric.formula,
            n=metric.n,
            interval_95=[rounded(bound) for bound in metric.between]
            if metric.between
            else None,
        )


def _metrics(metric_set: MetricSet) -> dict[str, MetricAnswer]:
    return {
        name: MetricAnswer.of(metric) for name, metric in metric_set.metrics.items()
    }


@dataclass(frozen=True, kw_only=True)
class InputsAnswer(Answer):
    """The facts behind the numbers, and the digest over all of them."""

    rows: int
    fills: int
    transfers: int
    prices: int
    sha256: str

    @classmethod
    def of(cls, inputs: Inputs) -> InputsAnswer:
        return cls(
            rows=inputs.rows,
            fills=inputs.fills,
            transfers=inputs.transfers,
            prices=inputs.prices,
            sha256=inputs.sha256,
        )


@dataclass(frozen=True, kw_only=True)
class PerformanceAnswer(Answer):
    """Metrics of a range, each with value or reason, formula and n."""

    period: str
    base_currency: str | None
    benchmark: Annotated[str | None, "the symbol that it is compared with"]
    total_return: Annotated[Decimal | None, "money"]
    total_return_percent: Annotated[Decimal | None, "time-weighted, x 100"]
    sharpe_ratio: Decimal | None
    sortino_ratio: Decimal | None
    max_drawdown: Annotated[Decimal | None, "money, peak to trough"]
    max_drawdown_percent: Decimal | None
    win_rate: Annotated[Decimal | None, "fraction of closed round trips"]
    profit_factor: Decimal | None
    total_trades: Annotated[int, "closed round trips"]
    winning_trades: int
    losing_trades: int
    periods_per_year: int
    implied_funding: Annotated[
        Decimal | None, "cash that fills lacked before the first deposit, paid in"
    ]
    reason: Reason | None
    warnings: Mapping[str, int]
    metrics: Mapping[str, MetricAnswer]
    inputs: InputsAnswer
    known_at: KnownAt
    as_of: AsOf
    timestamp: datetime

    @classmethod
    def of(
        cls, performance: Performance, now: datetime, known_at: datetime | None
    ) -> PerformanceAnswer:
        metric_set = performance.metric_set
        metrics = _metrics(metric_set)
        deepest = metrics["max_drawdown"].value
        lost = metric_set.worst.money if metric_set.worst else ZERO
        return cls(
            period=performance.selection.period.name,
            base_currency=performance.scope.currency or None,
            benchmark=performance.selection.benchmark or None,
            total_return=rounded(metric_set.pnl) if performance.days else None,
            total_return_percent=_percent(metric_set, "total_return"),
            sharpe_ratio=metrics["sharpe"].value,
            sortino_ratio=metrics["sortino"].value,
            max_drawdown=None if deepest is None else rounded(lost),
            max_drawdown_percent=_percent(metric_set, "max_drawdown"),
            win_rate=metrics["win_rate"].value,
            profit_factor=metrics["profit_factor"].value,
            total_trades=len(metric_set.trips),
            winning_trades=metric_set.wins,
            losing_trades=metric_set.losses,
            periods_per_year=metric_set.ppy,
            implied_funding=exact(performance.implied_funding),
            reason=performance.reason,
            warnings=performance.warnings,
            metrics=metrics,
            inputs=InputsAnswer.of(performance.inputs),
            known_at=known_at,
            as_of=performance.as_of,
            timestamp=now,
        )


def _percent(metric_set: MetricSet, name: str) -> Decimal | None:
    return hundredfold(metric_set.metrics[name].value)


@dataclass(frozen=True, kw_only=True)
class PointAnswer(Answer):
    timestamp: datetime
    equity: Decimal

    @classmethod
    def of(cls, point: Point) -> PointAnswer:
        return cls(timestamp=point.at, equity=rounded(point.equity))


@dataclass(frozen=True, kw_only=True)
class CurveAnswer(Answer):
    period: str
    interval: str
    data: list[PointAnswer]
    initial_equity: Annotated[Decimal | None, "at the close before the range"]
    current_equity: Decimal | None
    reason: Reason | None
    as_of: AsOf
    timestamp: datetime

    @classmethod
    def of(cls, curve: Curve, now: datetime) -> CurveAnswer:
        points = [PointAnswer.of(point) for point in curve.points]
        return cls(
            period=curve.period,
            interval=curve.interval,
            data=points,
            initial_equity=exact(curve.initial),
            current_equity=points[-1].equity if points else None,
            reason=curve.reason,
            as_of=curve.as_of,
            timestamp=now,
        )


@dataclass(frozen=True, kw_only=True)
class MonthAnswer(Answer):
    year: int
    month: Annotated[int | None, "null: the year"]
    return_percent: Decimal | None
    pnl: Decimal

    @classmethod
    def of(cls, month: Month) -> MonthAnswer:
        return cls(
            year=month.year,
            month=month.month or None,
            return_percent=hundredfold(month.value),
            pnl=rounded(month.pnl),
        )


@dataclass(frozen=True, kw_only=True)
class MonthlyAnswer(Answer):
    """Newest first."""

    months: list[MonthAnswer]
    years: Annotated[list[MonthAnswer], "all of them, on each page"]
    next_cursor: Annotated[str | None, "of the months"]
    as_of: AsOf
    timestamp: datetime

    @classmethod
    def of(
        cls, performance: Performance, now: datetime, page: Page[Month]
    ) -> MonthlyAnswer:
        years = reversed(returns.yearly(performance.days))
        return cls(
            months=[MonthAnswer.of(month) for month in page.rows],
            years=[MonthAnswer.of(year) for year in years],
            next_cursor=page.next_cursor,
            as_of=performance.as_of,
            timestamp=now,
        )


@dataclass(frozen=True, kw_only=True)
class DrawdownAnswer(Answer):
    peak: Annotated[date | None, "null: the start"]
    trough: date
    recovered: Annotated[date | None, "null: it lasts"]
    depth_percent: Decimal
    money: Decimal
    days: int

    @classmethod
    def of(cls, drawdown: Drawdown) -> DrawdownAnswer:
        return cls(
            peak=drawdown.peak,
            trough=drawdown.trough,
            recovered=drawdown.recovered,
            depth_percent=rounded(drawdown.depth * HUNDRED),
            money=rounded(drawdown.money),
            days=drawdown.days,
        )


@dataclass(frozen=True, kw_only=True)
class DrawdownList(Answer):
    """Deepest first."""

    drawdowns: list[DrawdownAnswer]
    next_cursor: str | None
    as_of: AsOf
    timestamp: datetime

    @classmethod
    def of(
        cls, performance: Performance, now: datetime, page: Page[Drawdown]
    ) -> DrawdownList:
        return cls(
            drawdowns=[DrawdownAnswer.of(drawdown) for drawdown in page.rows],
            next_cursor=page.next_cursor,
            as_of=performance.as_of,
            timestamp=now,
        )


@dataclass(frozen=True, kw_only=True)
class PartAnswer(Answer):
    """P&L and metrics of a part of the books, on the whole books' capital."""

    pnl: Decimal
    return_percent: Decimal | None
    sharpe_ratio: Decimal | None
    max_drawdown_percent: Decimal | None
    win_rate: Decimal | None
    profit_factor: Decimal | None
    total_trades: int
    metrics: Mapping[str, MetricAnswer]


def _part(part: Part) -> dict[str, Any]:
    """The fields of PartAnswer."""
    metric_set = part.metric_set
    metrics = _metrics(metric_set)
    return {
        "pnl": rounded(part.pnl),
        "return_percent": _percent(metric_set, "total_return"),
        "sharpe_ratio": metrics["sharpe"].value,
        "max_drawdown_percent": _percent(metric_set, "max_drawdown"),
        "win_rate": metrics["win_rate"].value,
        "profit_factor": metrics["profit_factor"].value,
        "total_trades": len(metric_set.trips),
        "metrics": metrics,
    }


@dataclass(frozen=True, kw_only=True)
class StrategyAnswer(PartAnswer):
    """One strategy: its P&L and metrics on the whole books' capital."""

    strategy: str


@dataclass(frozen=True, kw_only=True)
class StrategyList(Answer):
    """Best first."""

    strategies: list[StrategyAnswer]
    inputs: InputsAnswer
    next_cursor: str | None
    as_of: AsOf
    timestamp: datetime

    @classmethod
    def of(
        cls, performance: Performance, now: datetime, page: Page[Part]
    ) -> StrategyList:
        return cls(
            strategies=[
                StrategyAnswer(strategy=part.name, **_part(part)) for part in page.rows
            ],
            next_cursor=page.next_cursor,
            inputs=InputsAnswer.of(performance.inputs),
            as_of=performance.as_of,
            timestamp=now,
        )


@dataclass(frozen=True, kw_only=True)
class SymbolAnswer(PartAnswer):
    """One symbol: its P&L and metrics on the whole books' capital."""

    symbol: str


@dataclass(frozen=True, kw_only=True)
class SymbolList(Answer):
    """Best first."""

    symbols: list[SymbolAnswer]
    inputs: InputsAnswer
    next_cursor: str | None
    as_of: AsOf
    timestamp: datetime

    @classmethod
    def of(
        cls, performance: Performance, now: datetime, page: Page[Part]
    ) -> SymbolList:
        return cls(
            symbols=[
                SymbolAnswer(symbol=part.name, **_part(part)) for part in page.rows
            ],
            next_cursor=page.next_cursor,
            inputs=InputsAnswer.of(performance.inputs),
            as_of=performance.as_of,
            timestamp=now,
        )
