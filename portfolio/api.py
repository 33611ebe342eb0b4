"""Portfolio and performance for clients; the pages use the same queries."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel import cursor
from kernel.api import check_query, limit_of, list_response
from kernel.errors import BadRequest, FieldError
from portfolio import serializers
from portfolio.domain import returns
from portfolio.domain.periods import INTERVALS, PERIODS, period
from portfolio.queries import stats
from portfolio.queries.books import Scope, scope
from portfolio.queries.curves import stored_curves
from portfolio.queries.holdings import holdings, open_lots
from portfolio.queries.performance import (
    Chosen,
    Performance,
    grid,
    moments,
    parts,
    performance,
)
from portfolio.queries.summary import portfolio
from trades.queries.books import BOOKS

BOOK = OpenApiParameter(
    "book", str, description="id or name; without it all you may read"
)
STRATEGY = OpenApiParameter("strategy", str, description="only this strategy")
SYMBOL = OpenApiParameter("symbol", str, description="only this symbol")
PERIOD = OpenApiParameter(
    "period", str, enum=list(PERIODS), description="default 30d; from the close before"
)
INTERVAL = OpenApiParameter(
    "interval", str, enum=list(INTERVALS), description="default 1d"
)
RANGE = (PERIOD, BOOK, STRATEGY, SYMBOL)


def _one_of(request: Request, name: str, known: Iterable[str], default: str) -> str:
    given = str(request.query_params.get(name, default))
    if given not in known:
        raise BadRequest(
            f"{name} must be one of {', '.join(known)}.",
            code=name,
            errors=[FieldError(f"?{name}", "choice", "unknown")],
        )
    return given


def _scope(request: Request) -> Scope:
    return scope(request.user, request.query_params.get("book", ""))


def _measured(
    request: Request, *, detailed: bool = False
) -> tuple[Performance, datetime]:
    """The performance that the query asks for, and the time."""
    check_query(request, "period", "book", "strategy", "symbol")
    now = timezone.now()
    books = _scope(request)
    name = _one_of(request, "period", PERIODS, "30d")
    chosen = Chosen(
        period(name, returns.day_of(now, books.zone)),
        request.query_params.get("strategy", ""),
        request.query_params.get("symbol", ""),
    )
    curves = stored_curves(books.ids, now)
    return performance(books, chosen, curves, now, detailed=detailed), now


class Portfolio(APIView):
    """Equity, cash, P&L. Null with a reason where it cannot be known."""

    access = BOOKS

    @extend_schema(
        operation_id="portfolio",
        parameters=[BOOK, STRATEGY],
        responses=serializers.PortfolioSerializer,
    )
    def get(self, request: Request) -> Response:
        check_query(request, "book", "strategy")
        now = timezone.now()
        books = _scope(request)
        strategy = request.query_params.get("strategy", "")
        found = portfolio(books, stored_curves(books.ids, now), now, strategy)
        return Response(serializers.portfolio_json(found))


class Positions(APIView):
    """What is open, largest value first."""

    access = BOOKS

    @extend_schema(
        operation_id="portfolio_positions",
        parameters=[BOOK, STRATEGY],
        responses=serializers.PositionListSerializer,
    )
    def get(self, request: Request) -> Response:
        check_query(request, "book", "strategy")
        now = timezone.now()
        strategy = request.query_params.get("strategy", "")
        found = holdings(_scope(request), now, strategy)
        return Response(
            {
                "positions": [
                    serializers.position_json(one) for one in found.positions
                ],
                "total_count": len(found.positions),
                "timestamp": now,
            }
        )


class Lots(APIView):
    """Open lots with the fill or transfer that opened each, newest first."""

    access = BOOKS

    @extend_schema(
        operation_id="portfolio_lots",
        parameters=[
            BOOK,
            SYMBOL,
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", int, description="1 to 500, default 50"),
        ],
        responses=serializers.LotListSerializer,
    )
    def get(self, request: Request) -> Response:
        check_query(request, "book", "symbol", "cursor", "limit")
        lots = open_lots(_scope(request))
        if symbol := request.query_params.get("symbol", ""):
            lots = lots.filter(instrument__symbol=symbol)
        rows, after = cursor.page(
            lots,
            field="opened_at",
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        listed = [serializers.lot_json(lot) for lot in rows]
        return list_response(request, "lots", listed, after, timestamp=timezone.now())


class Allocation(APIView):
    """Positions and cash as parts of total equity."""

    access = BOOKS

    @extend_schema(
        operation_id="portfolio_allocation",
        parameters=[BOOK],
        responses=serializers.AllocationSerializer,
    )
    def get(self, request: Request) -> Response:
        check_query(request, "book")
        now = timezone.now()
        found = holdings(_scope(request), now)
        return Response(
            {
                "allocation": serializers.allocation_json(found),
                "base_currency": found.currency or None,
                "timestamp": now,
            }
        )


class PerformanceSummary(APIView):
    """Metrics of a range, each with value or reason, formula and n, and the digest
    of the facts behind them."""

    access = BOOKS

    @extend_schema(
        operation_id="performance",
        parameters=list(RANGE),
        responses=serializers.PerformanceSerializer,
    )
    def get(self, request: Request) -> Response:
        return Response(serializers.performance_json(*_measured(request)))


class EquityCurve(APIView):
    """Equity at day ends, or at finer times walked from the facts (at most 2,000
    points, books of one currency)."""

    access = BOOKS

    @extend_schema(
        operation_id="performance_equity_curve",
        parameters=[PERIOD, BOOK, INTERVAL],
        responses=serializers.CurveSerializer,
    )
    def get(self, request: Request) -> Response:
        check_query(request, "period", "book", "interval")
        now = timezone.now()
        books = _scope(request)
        name = _one_of(request, "period", PERIODS, "30d")
        interval = _one_of(request, "interval", INTERVALS, "1d")
        chosen = Chosen(period(name, returns.day_of(now, books.zone)))
        reason = None
        as_of: datetime | None = now
        data: list[dict[str, Any]] = []
        first = None
        if interval == "1d" and chosen.period.hours is None:
            found = performance(books, chosen, stored_curves(books.ids, now), now)
            reason = found.reason or ("recomputing" if found.recomputing else None)
            as_of = found.as_of
            first = found.days[0].base if found.days else None
            data = [
                {
                    "timestamp": min(now, returns.day_end(one.day, books.zone)),
                    "equity": serializers.money(one.equity),
                }
                for one in found.days
            ]
        else:
            seen = moments(books, grid(chosen.period, interval, books.zone, now))
            reason = "mixed_currencies" if seen is None else None
            data = [
                {"timestamp": at, "equity": serializers.money(worth)}
                for at, worth, _ in seen or []
                if books.books
            ]
        return Response(
            {
                "period": name,
                "interval": interval,
                "data": data,
                "initial_equity": serializers.money(first)
                if first is not None
                else (data[0]["equity"] if data else None),
                "current_equity": data[-1]["equity"] if data else None,
                "reason": reason,
                "as_of": as_of,
                "timestamp": now,
            }
        )


class Monthly(APIView):
    """Linked returns of each month and year, newest first."""

    access = BOOKS

    @extend_schema(
        operation_id="performance_monthly",
        parameters=list(RANGE),
        responses=serializers.MonthlySerializer,
    )
    def get(self, request: Request) -> Response:
        found, now = _measured(request)
        return Response(
            {
                "months": [
                    serializers.month_json(one)
                    for one in reversed(returns.monthly(found.days))
                ],
                "years": [
                    serializers.month_json(one)
                    for one in reversed(returns.yearly(found.days))
                ],
                "as_of": found.as_of,
                "timestamp": now,
            }
        )


class Drawdowns(APIView):
    """Every spell below a peak, deepest first."""

    access = BOOKS

    @extend_schema(
        operation_id="performance_drawdowns",
        parameters=list(RANGE),
        responses=serializers.DrawdownListSerializer,
    )
    def get(self, request: Request) -> Response:
        found, now = _measured(request)
        spells = sorted(returns.drawdowns(found.days), key=lambda one: one.depth)
        return Response(
            {
                "drawdowns": [serializers.drawdown_json(one) for one in spells[:500]],
                "as_of": found.as_of,
                "timestamp": now,
            }
        )


class _Parts(APIView):
    access = BOOKS

    def answer(self, request: Request, by: str, noun: str) -> Response:
        found, now = _measured(request, detailed=True)
        return Response(
            {
                noun: [serializers.part_json(one, by) for one in parts(found, by)],
                "inputs": serializers.inputs_json(found.inputs),
                "as_of": found.as_of,
                "timestamp": now,
            }
        )


class ByStrategy(_Parts):
    """Each strategy's P&L and metrics on the books' capital, best first."""

    @extend_schema(
        operation_id="performance_by_strategy",
        parameters=list(RANGE),
        responses=serializers.ByStrategySerializer,
    )
    def get(self, request: Request) -> Response:
        return self.answer(request, "strategy", "strategies")


class BySymbol(_Parts):
    """Each symbol's P&L and metrics on the books' capital, best first."""

    @extend_schema(
        operation_id="performance_by_symbol",
        parameters=list(RANGE),
        responses=serializers.BySymbolSerializer,
    )
    def get(self, request: Request) -> Response:
        return self.answer(request, "symbol", "symbols")


class Stats(APIView):
    """Real counters of the books that you may read."""

    access = BOOKS

    @extend_schema(operation_id="stats", responses=serializers.StatsSerializer)
    def get(self, request: Request) -> Response:
        check_query(request)
        found = stats.counters(scope(request.user))
        return Response({**found, "timestamp": timezone.now()})
