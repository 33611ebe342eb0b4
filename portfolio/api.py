"""Portfolio and performance for clients; the pages use the same queries."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.paging import PAGE_PARAMETERS, newest_first, page_response
from kernel.requests import bad_parameter, check_query, choice_of, limit_of
from portfolio.answers.holdings import (
    AllocationAnswer,
    LotAnswer,
    LotList,
    PortfolioAnswer,
    PositionList,
    StatsAnswer,
)
from portfolio.answers.performance import (
    CurveAnswer,
    DrawdownList,
    MonthlyAnswer,
    PerformanceAnswer,
    StrategyList,
    SymbolList,
)
from portfolio.answers.reconciliation import ReconciliationAnswer
from portfolio.domain.periods import INTERVALS, PERIODS, period
from portfolio.domain.returns import day_of
from portfolio.queries.books import Scope, scope
from portfolio.queries.curve import curve
from portfolio.queries.curves import stored_curves
from portfolio.queries.holdings import holdings, open_lots, positions_as_known
from portfolio.queries.performance import Performance, performance
from portfolio.queries.reconciliation import reconciliation
from portfolio.queries.selection import Selection
from portfolio.queries.stats import counters
from portfolio.queries.summary import portfolio
from trades.queries.books import BOOKS
from trades.queries.trades import time_bound

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
KNOWN_AT = OpenApiParameter(
    "known_at", str, description="as it was known then; a date is its 00:00 UTC"
)
RANGE = [PERIOD, BOOK, STRATEGY, SYMBOL]


def _scope(request: Request) -> Scope:
    return scope(request.user, request.query_params.get("book", ""))


def _known_at(request: Request) -> datetime | None:
    value = request.query_params.get("known_at", "")
    try:
        return time_bound(value) if value else None
    except (ValueError, OverflowError) as error:
        raise bad_parameter("known_at", str(error)) from None


def _selection(request: Request, books: Scope, now: datetime) -> Selection:
    name = choice_of(request, "period", PERIODS) or "30d"
    return Selection(
        period=period(name, day_of(now, books.zone)),
        strategy=request.query_params.get("strategy", ""),
        symbol=request.query_params.get("symbol", ""),
    )


def _performance(
    request: Request, now: datetime, *, detailed: bool = False
) -> Performance:
    """The performance that the query asks for."""
    check_query(request, "period", "book", "strategy", "symbol")
    books = _scope(request)
    selection = _selection(request, books, now)
    curves = stored_curves(books.ids, now)
    return performance(books, selection, curves, now, detailed=detailed)


class PortfolioSummary(APIView):
    """Equity, cash, P&L. Null with a reason where it cannot be known."""

    access = BOOKS

    @extend_schema(
        operation_id="portfolio",
        parameters=[BOOK, STRATEGY],
        responses=PortfolioAnswer,
    )
    def get(self, request: Request) -> Response:
        check_query(request, "book", "strategy")
        now = timezone.now()
        books = _scope(request)
        strategy = request.query_params.get("strategy", "")
        summary = portfolio(books, stored_curves(books.ids, now), now, strategy)
        return Response(PortfolioAnswer.of(summary))


class Positions(APIView):
    """What is open, largest value first; with `known_at` without weights."""

    access = BOOKS

    @extend_schema(
        operation_id="portfolio_positions",
        parameters=[BOOK, STRATEGY, KNOWN_AT],
        responses=PositionList,
    )
    def get(self, request: Request) -> Response:
        check_query(request, "book", "strategy", "known_at")
        strategy = request.query_params.get("strategy", "")
        known_at = _known_at(request)
        if known_at is not None:
            known = positions_as_known(_scope(request), known_at, strategy)
            return Response(PositionList.of(known))
        held = holdings(_scope(request), timezone.now(), strategy)
        return Response(PositionList.of(held))


class Lots(APIView):
    """Open lots with the fill or transfer that opened each, newest first."""

    access = BOOKS

    @extend_schema(
        operation_id="portfolio_lots",
        parameters=[BOOK, SYMBOL, *PAGE_PARAMETERS],
        responses=LotList,
    )
    def get(self, request: Request) -> Response:
        check_query(request, "book", "symbol", "cursor", "limit")
        lots = open_lots(_scope(request))
        if symbol := request.query_params.get("symbol", ""):
            lots = lots.filter(instrument__symbol=symbol)
        page = newest_first(
            lots,
            field="opened_at",
            limit=limit_of(request),
            cursor=request.query_params.get("cursor", ""),
        )
        answer = LotList(
            lots=[LotAnswer.of(lot) for lot in page.rows],
            next_cursor=page.next_cursor,
            timestamp=timezone.now(),
        )
        return page_response(request, answer)


class Allocation(APIView):
    """Positions and cash as parts of total equity."""

    access = BOOKS

    @extend_schema(
        operation_id="portfolio_allocation",
        parameters=[BOOK],
        responses=AllocationAnswer,
    )
    def get(self, request: Request) -> Response:
        check_query(request, "book")
        held = holdings(_scope(request), timezone.now())
        return Response(AllocationAnswer.of(held))


class ReconciliationView(APIView):
    """What others state that the books hold, beside what is booked, per asset, and the
    first fact after which they part."""

    access = BOOKS

    @extend_schema(
        operation_id="portfolio_reconciliation",
        parameters=[BOOK],
        responses=ReconciliationAnswer,
    )
    def get(self, request: Request) -> Response:
        check_query(request, "book")
        compared = reconciliation(_scope(request))
        return Response(ReconciliationAnswer.of(compared, timezone.now()))


class PerformanceSummary(APIView):
    """Metrics of a range, each with value or reason, formula and n, and the digest
    of the facts behind them."""

    access = BOOKS

    @extend_schema(
        operation_id="performance", parameters=RANGE, responses=PerformanceAnswer
    )
    def get(self, request: Request) -> Response:
        now = timezone.now()
        return Response(PerformanceAnswer.of(_performance(request, now), now))


class EquityOverTime(APIView):
    """Equity at day ends, or at finer times walked from the facts (at most 2,000
    points, books of one currency with at most 100,000 facts)."""

    access = BOOKS

    @extend_schema(
        operation_id="performance_equity_curve",
        parameters=[PERIOD, BOOK, INTERVAL],
        responses=CurveAnswer,
    )
    def get(self, request: Request) -> Response:
        check_query(request, "period", "book", "interval")
        now = timezone.now()
        books = _scope(request)
        selection = _selection(request, books, now)
        interval = choice_of(request, "interval", INTERVALS) or "1d"
        return Response(CurveAnswer.of(curve(books, selection, interval, now), now))


class Monthly(APIView):
    """Linked returns of each month and year, newest first."""

    access = BOOKS

    @extend_schema(
        operation_id="performance_monthly", parameters=RANGE, responses=MonthlyAnswer
    )
    def get(self, request: Request) -> Response:
        now = timezone.now()
        return Response(MonthlyAnswer.of(_performance(request, now), now))


class Drawdowns(APIView):
    """Every spell below a peak, deepest first."""

    access = BOOKS

    @extend_schema(
        operation_id="performance_drawdowns", parameters=RANGE, responses=DrawdownList
    )
    def get(self, request: Request) -> Response:
        now = timezone.now()
        return Response(DrawdownList.of(_performance(request, now), now))


class ByStrategy(APIView):
    """Each strategy's P&L and metrics on the books' capital, best first."""

    access = BOOKS

    @extend_schema(
        operation_id="performance_by_strategy", parameters=RANGE, responses=StrategyList
    )
    def get(self, request: Request) -> Response:
        now = timezone.now()
        measured = _performance(request, now, detailed=True)
        return Response(StrategyList.of(measured, now))


class BySymbol(APIView):
    """Each symbol's P&L and metrics on the books' capital, best first."""

    access = BOOKS

    @extend_schema(
        operation_id="performance_by_symbol", parameters=RANGE, responses=SymbolList
    )
    def get(self, request: Request) -> Response:
        now = timezone.now()
        measured = _performance(request, now, detailed=True)
        return Response(SymbolList.of(measured, now))


class Stats(APIView):
    """Real counters of the books that you may read."""

    access = BOOKS

    @extend_schema(operation_id="stats", responses=StatsAnswer)
    def get(self, request: Request) -> Response:
        check_query(request)
        counted = counters(scope(request.user))
        return Response(StatsAnswer.of(counted, timezone.now()))
