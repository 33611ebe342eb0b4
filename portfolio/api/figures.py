"""Portfolio and performance for clients; the pages use the same queries."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.api import PAGE_PARAMETERS, page_response
from kernel.errors import bad_parameter
from kernel.paging import Page, in_rank
from kernel.requests import check_query, choice_of, limit_of
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
from portfolio.domain import returns
from portfolio.domain.periods import INTERVALS, PERIODS
from portfolio.queries.books import Scope, scope, scope_asked
from portfolio.queries.curve import curve
from portfolio.queries.curves import curves_of, known_until
from portfolio.queries.holdings import Cash, PositionRow, holdings, lot_page
from portfolio.queries.parts import by_strategy, by_symbol
from portfolio.queries.performance import Performance, performance
from portfolio.queries.reconciliation import AssetRow, reconciliation
from portfolio.queries.selection import Selection, selection_asked
from portfolio.queries.stats import counters
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
FROM = OpenApiParameter(
    "from", OpenApiTypes.DATE, description="first day of the range, instead of period"
)
TO = OpenApiParameter(
    "to", OpenApiTypes.DATE, description="last day of the range, instead of period"
)
BENCHMARK = OpenApiParameter(
    "benchmark", str, description="a symbol whose prices to compare with"
)
KNOWN_AT = OpenApiParameter(
    "known_at", str, description="as it was known then; a date is its 00:00 UTC"
)
RANGE = [PERIOD, FROM, TO, BOOK, STRATEGY, SYMBOL, BENCHMARK, KNOWN_AT]
RANGE_NAMES = [parameter.name for parameter in RANGE]
Row = TypeVar("Row")


def _asked(request: Request) -> tuple[Scope, datetime]:
    return scope_asked(request.user, request.query_params, timezone.now())


def _ranked(
    request: Request, rows: Sequence[Row], name: Callable[[Row], str]
) -> Page[Row]:
    """The page of rows in an order that is worked out anew each time."""
    cursor = request.query_params.get("cursor", "")
    return in_rank(rows, name=name, limit=limit_of(request), cursor=cursor)


def _share_of(row: PositionRow | Cash) -> str:
    if isinstance(row, PositionRow):
        return f"position {row.book_id} {row.instrument.pk}"
    return f"cash {row.currency} {row.book}"


def _stated_of(row: AssetRow) -> str:
    return f"{row.book.pk} {row.asset}"


def _selection(request: Request, books: Scope, now: datetime) -> Selection:
    name = choice_of(request, "period", PERIODS)
    given = request.query_params
    for bound in ("from", "to"):
        if given.get(bound) == "":  # of a page's form it is a field left empty
            raise bad_parameter(bound, "is a day like 2026-03-31, or left out")
    if name and (given.get("from") or given.get("to")):
        raise bad_parameter("period", "and days of a range exclude one another")
    return selection_asked(given, name or "30d", books.day(now))


def performance_asked(
    request: Request, *, detailed: bool = False
) -> tuple[Performance, datetime]:
    """The performance that the query asks for, and for when."""
    books, now = _asked(request)
    selection = _selection(request, books, now)
    curves = curves_of(books, now)
    return performance(books, selection, curves, now, detailed=detailed), now


class PortfolioSummary(APIView):
    """Equity, cash, P&L. Null with a reason where it cannot be known."""

    access = BOOKS

    @extend_schema(
        operation_id="portfolio",
        parameters=[BOOK, STRATEGY, KNOWN_AT],
        responses=PortfolioAnswer,
    )
    def get(self, request: Request) -> Response:
        check_query(request, "book", "strategy", "known_at")
        books, now = _asked(request)
        strategy = request.query_params.get("strategy", "")
        curves = curves_of(books, now)
        summary = portfolio(books, curves, now, strategy)
        known_at = known_until(books, curves, now)
        return Response(PortfolioAnswer.of(summary, known_at))


class Positions(APIView):
    """What is open, largest value first."""

    access = BOOKS

    @extend_schema(
        operation_id="portfolio_positions",
        parameters=[BOOK, STRATEGY, KNOWN_AT, *PAGE_PARAMETERS],
        responses=PositionList,
    )
    def get(self, request: Request) -> Response:
        check_query(request, "book", "strategy", "known_at", "cursor", "limit")
        strategy = request.query_params.get("strategy", "")
        books, now = _asked(request)
        held = holdings(books, now, strategy)
        page = _ranked(
            request, held.positions, lambda row: f"{row.book_id} {row.instrument.pk}"
        )
        return page_response(request, PositionList.of(held, page))


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
        asked = request.query_params
        page = lot_page(
            scope(request.user, asked.get("book", "")),
            asked.get("symbol", ""),
            limit=limit_of(request),
            cursor=asked.get("cursor", ""),
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
        parameters=[BOOK, KNOWN_AT, *PAGE_PARAMETERS],
        responses=AllocationAnswer,
    )
    def get(self, request: Request) -> Response:
        check_query(request, "book", "known_at", "cursor", "limit")
        held = holdings(*_asked(request))
        page = _ranked(request, AllocationAnswer.shares(held), _share_of)
        return page_response(request, AllocationAnswer.of(held, page))


class ReconciliationView(APIView):
    """What others state that the books hold, beside what is booked, per asset, and the
    first fact after which they part."""

    access = BOOKS

    @extend_schema(
        operation_id="portfolio_reconciliation",
        parameters=[BOOK, *PAGE_PARAMETERS],
        responses=ReconciliationAnswer,
    )
    def get(self, request: Request) -> Response:
        check_query(request, "book", "cursor", "limit")
        books = scope(request.user, request.query_params.get("book", ""))
        compared = reconciliation(books)
        page = _ranked(request, compared.rows, _stated_of)
        return page_response(
            request, ReconciliationAnswer.of(compared, timezone.now(), page)
        )


class PerformanceSummary(APIView):
    """Metrics of a range, each with value or reason, formula and n, and the digest
    of the facts behind them."""

    access = BOOKS

    @extend_schema(
        operation_id="performance", parameters=RANGE, responses=PerformanceAnswer
    )
    def get(self, request: Request) -> Response:
        check_query(request, *RANGE_NAMES)
        measured, now = performance_asked(request)
        known_at = known_until(measured.scope, measured.curves, now)
        return Response(PerformanceAnswer.of(measured, now, known_at))


class EquityOverTime(APIView):
    """Equity at day ends, or at finer times walked from the facts (at most 2,000
    points, books of one currency with at most 100,000 facts)."""

    access = BOOKS

    @extend_schema(
        operation_id="performance_equity_curve",
        parameters=[PERIOD, FROM, TO, BOOK, INTERVAL, KNOWN_AT],
        responses=CurveAnswer,
    )
    def get(self, request: Request) -> Response:
        check_query(request, "period", "from", "to", "book", "interval", "known_at")
        books, now = _asked(request)
        selection = _selection(request, books, now)
        interval = choice_of(request, "interval", INTERVALS) or "1d"
        return Response(CurveAnswer.of(curve(books, selection, interval, now), now))


class Monthly(APIView):
    """Linked returns of each month and year, newest first."""

    access = BOOKS

    @extend_schema(
        operation_id="performance_monthly",
        parameters=[*RANGE, *PAGE_PARAMETERS],
        responses=MonthlyAnswer,
    )
    def get(self, request: Request) -> Response:
        check_query(request, *RANGE_NAMES, "cursor", "limit")
        told, now = performance_asked(request)
        months = returns.monthly(told.days)[::-1]
        page = _ranked(request, months, lambda month: f"{month.year}-{month.month}")
        return page_response(request, MonthlyAnswer.of(told, now, page))


class Drawdowns(APIView):
    """Every spell below a peak, deepest first."""

    access = BOOKS

    @extend_schema(
        operation_id="performance_drawdowns",
        parameters=[*RANGE, *PAGE_PARAMETERS],
        responses=DrawdownList,
    )
    def get(self, request: Request) -> Response:
        check_query(request, *RANGE_NAMES, "cursor", "limit")
        told, now = performance_asked(request)
        spells = returns.deepest_first(told.days)
        page = _ranked(request, spells, lambda spell: f"{spell.peak} {spell.trough}")
        return page_response(request, DrawdownList.of(told, now, page))


class ByStrategy(APIView):
    """Each strategy's P&L and metrics on the books' capital, best first."""

    access = BOOKS

    @extend_schema(
        operation_id="performance_by_strategy",
        parameters=[*RANGE, *PAGE_PARAMETERS],
        responses=StrategyList,
    )
    def get(self, request: Request) -> Response:
        check_query(request, *RANGE_NAMES, "cursor", "limit")
        told, now = performance_asked(request, detailed=True)
        page = _ranked(request, by_strategy(told), lambda part: part.name)
        return page_response(request, StrategyList.of(told, now, page))


class BySymbol(APIView):
    """Each symbol's P&L and metrics on the books' capital, best first."""

    access = BOOKS

    @extend_schema(
        operation_id="performance_by_symbol",
        parameters=[*RANGE, *PAGE_PARAMETERS],
        responses=SymbolList,
    )
    def get(self, request: Request) -> Response:
        check_query(request, *RANGE_NAMES, "cursor", "limit")
        told, now = performance_asked(request, detailed=True)
        page = _ranked(request, by_symbol(told), lambda part: part.name)
        return page_response(request, SymbolList.of(told, now, page))


class Stats(APIView):
    """Real counters of the books that you may read."""

    access = BOOKS

    @extend_schema(operation_id="stats", responses=StatsAnswer)
    def get(self, request: Request) -> Response:
        check_query(request)
        counted = counters(scope(request.user))
        return Response(StatsAnswer.of(counted, timezone.now()))
