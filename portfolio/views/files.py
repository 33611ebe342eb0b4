"""Tables of portfolio and performance as files, streamed."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from kernel.access import guarded
from kernel.paging import newest_first
from kernel.sheets import answers_csv, csv_file, every_page
from portfolio.answers.holdings import LotAnswer
from portfolio.pages.files import (
    PERFORMANCE_FILES,
    POSITION_COLUMNS,
    STATED_COLUMNS,
    position_rows,
    stated_rows,
)
from portfolio.queries.books import scope, scope_asked
from portfolio.queries.holdings import holdings, lots_asked
from portfolio.queries.reconciliation import reconciliation
from portfolio.views.asking import performance_asked, range_query
from trades.queries.books import BOOKS

AT_ONCE = 500


@require_safe
@guarded(BOOKS)
def performance_file(request: HttpRequest, name: str) -> HttpResponseBase:
    """A table or chart of the performance page as CSV, all of it."""
    table = PERFORMANCE_FILES.get(name)
    if table is None:
        raise Http404
    told = performance_asked(request, range_query(request))
    return csv_file(f"performance-{name}", table.columns, table.rows(told))


@require_safe
@guarded(BOOKS)
def positions_file(request: HttpRequest) -> HttpResponseBase:
    """What is held, as the positions of the portfolio, as CSV."""
    books, now = scope_asked(request.user, request.GET, timezone.now())
    held = holdings(books, now, request.GET.get("strategy", ""))
    return csv_file("positions", POSITION_COLUMNS, position_rows(held))


@require_safe
@guarded(BOOKS)
def lots_file(request: HttpRequest) -> HttpResponseBase:
    """Open lots with what opened each, newest first; `book` and `symbol` narrow them."""
    books = scope(request.user, request.GET.get("book", ""))
    lots = lots_asked(books, request.GET.get("symbol", ""))
    pages = every_page(
        lambda cursor: newest_first(
            lots, field="opened_at", limit=AT_ONCE, cursor=cursor
        )
    )
    answers = (LotAnswer.of(lot) for page in pages for lot in page)
    return answers_csv("lots", LotAnswer, answers)


@require_safe
@guarded(BOOKS)
def stated_file(request: HttpRequest) -> HttpResponseBase:
    """Every stated balance beside what was booked, all of them."""
    books = scope(request.user, request.GET.get("book", ""))
    return csv_file("balances", STATED_COLUMNS, stated_rows(reconciliation(books)))
