"""Lists as files: all that fits the filters of the page, streamed."""

from __future__ import annotations

from collections.abc import Iterator

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.views.decorators.http import require_safe

from accounts.services.limits import check_export
from kernel.access import access, guarded
from kernel.requests import PersonRequest
from kernel.sheets import (
    answers_csv,
    cells_of,
    columns_of,
    csv_file,
    every_page,
    jsonl_file,
)
from trades.answers.books import BookAnswer
from trades.answers.facts import TransferAnswer
from trades.answers.imports import ImportSummary
from trades.answers.market import (
    PriceAnswer,
    SplitAnswer,
    price_answers,
    split_answers,
)
from trades.answers.trades import TradeAnswer
from trades.models import Price, Split
from trades.pages.listing import list_state
from trades.queries.books import BOOKS, Reader, books_page, is_entrusted
from trades.queries.imports import imports_page
from trades.queries.market import MARKET, MarketFilter, market_page
from trades.queries.trades import TradeFilter, trade_page
from trades.queries.transfers import ToldTransfer, TransferFilter, told, transfer_page

AT_ONCE = 500
TRANSFER_COLUMNS = columns_of(TransferAnswer)


@require_safe
@guarded(BOOKS)
def trades_csv(request: HttpRequest) -> HttpResponseBase:
    """Newest first, with the fields of GET /api/trades."""
    check_export(request)
    trades = exported(request.user, list_state(request.GET).chosen)
    return answers_csv("trades", TradeAnswer, trades)


@require_safe
@guarded(BOOKS)
def trades_jsonl(request: HttpRequest) -> HttpResponseBase:
    """The same, each as the API answers it."""
    check_export(request)
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


@require_safe
@guarded(BOOKS)
def transfers_csv(request: HttpRequest) -> HttpResponseBase:
    """The fields of GET /api/transfers, newest first, and the names of the books."""
    user = request.user
    chosen = TransferFilter(book=request.GET.get("book", "").strip())
    pages = every_page(
        lambda cursor: transfer_page(user, chosen, limit=AT_ONCE, cursor=cursor)
    )
    rows = (_transfer_cells(each) for page in pages for each in told(page))
    columns = [*TRANSFER_COLUMNS, "book_name", "to_book_name"]
    return csv_file("transfers", columns, rows)


def _transfer_cells(each: ToldTransfer) -> list[object]:
    book, to_book = each.transfer.book, each.transfer.to_book
    cells = cells_of(TRANSFER_COLUMNS)(TransferAnswer.of(each))
    return [*cells, book.name, to_book.name if to_book else None]


@require_safe
@guarded(MARKET)
def prices_csv(request: HttpRequest) -> HttpResponseBase:
    """The fields of GET /api/prices, newest first."""
    user, chosen = request.user, _market_filter(request)
    pages = every_page(
        lambda cursor: market_page(
            Price.objects.all(), user, chosen, limit=AT_ONCE, cursor=cursor
        )
    )
    answers = (answer for page in pages for answer in price_answers(page, user))
    return answers_csv("prices", PriceAnswer, answers)


@require_safe
@guarded(MARKET)
def splits_csv(request: HttpRequest) -> HttpResponseBase:
    """The fields of GET /api/splits, newest first."""
    user, chosen = request.user, _market_filter(request)
    pages = every_page(
        lambda cursor: market_page(
            Split.objects.all(), user, chosen, limit=AT_ONCE, cursor=cursor
        )
    )
    answers = (answer for page in pages for answer in split_answers(page, user))
    return answers_csv("splits", SplitAnswer, answers)


def _market_filter(request: HttpRequest) -> MarketFilter:
    return MarketFilter(symbol=request.GET.get("symbol", "").strip())


@require_safe
@guarded(BOOKS)
def books_csv(request: HttpRequest) -> HttpResponseBase:
    """The fields of GET /api/books, newest first."""
    user = request.user
    pages = every_page(lambda cursor: books_page(user, limit=AT_ONCE, cursor=cursor))
    answers = (
        BookAnswer.of(book, entrusted=is_entrusted(user, book))
        for page in pages
        for book in page
    )
    return answers_csv("books", BookAnswer, answers)


@require_safe
@access("trading.own", objects="own imports")
def imports_csv(request: PersonRequest) -> HttpResponseBase:
    """One's own files with the fields of GET /api/trades/imports, newest first."""
    user = request.user
    pages = every_page(lambda cursor: imports_page(user, limit=AT_ONCE, cursor=cursor))
    answers = (ImportSummary.of(batch) for page in pages for batch in page)
    return answers_csv("imports", ImportSummary, answers)
