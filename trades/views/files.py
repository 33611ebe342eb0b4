"""Lists as files: all that fits the filters of the page, streamed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from kernel.access import guarded
from kernel.sheets import csv_file, jsonl_file
from trades.answers.trades import TradeAnswer
from trades.pages import list_state
from trades.queries.books import BOOKS, Reader
from trades.queries.trades import TradeFilter, trade_page

AT_ONCE = 500
COLUMNS = [field.name for field in fields(TradeAnswer)]


@require_safe
@guarded(BOOKS)
def trades_csv(request: HttpRequest) -> HttpResponseBase:
    """Newest first, with the fields of GET /api/trades."""
    trades = exported(request.user, list_state(request.GET).chosen)
    rows = ([getattr(trade, name) for name in COLUMNS] for trade in trades)
    return csv_file("trades", COLUMNS, rows)


@require_safe
@guarded(BOOKS)
def trades_jsonl(request: HttpRequest) -> HttpResponseBase:
    """The same, each as the API answers it."""
    return jsonl_file("trades", exported(request.user, list_state(request.GET).chosen))


def exported(user: Reader, chosen: TradeFilter) -> Iterator[TradeAnswer]:
    """Page by page: as many queries for each as the list, and one page in memory."""
    cursor = ""
    while True:
        page = trade_page(user, chosen, limit=AT_ONCE, cursor=cursor)
        for trade in page.trades:
            yield TradeAnswer.of(trade, page.realised.get(trade.pk))
        if page.older is None:
            return
        cursor = page.older
