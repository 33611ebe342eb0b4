"""The pages of portfolio and performance: the same queries as the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from kernel.access import guarded
from kernel.cache import tag
from kernel.display import number
from kernel.web import not_modified, page_or_fragment
from portfolio import presenters
from portfolio.domain import returns
from portfolio.domain.periods import PERIODS, period
from portfolio.domain.statistics import FORMULAS
from portfolio.domain.valuation import MISSING_COST, percent_of
from portfolio.queries.books import Scope, scope
from portfolio.queries.curves import stored_curves
from portfolio.queries.holdings import Holdings, PositionRow, holdings, open_lots
from portfolio.queries.performance import Chosen, Performance, parts, performance
from portfolio.queries.summary import Portfolio, portfolio
from trades.queries.books import BOOKS, readable_books

SHOWN_PERIODS = ("1d", "7d", "30d", "90d", "wtd", "ytd", "1y", "all")
AGES = 600  # seconds after which a polled page shows its ages anew


def _etag(request: HttpRequest, books: Scope) -> str:
    """Changes with what the books hold, their curves, prices, and every ten minutes."""
    names = [f"{what}:{pk}" for pk in books.ids for what in ("book", "equity")]
    moment = int(timezone.now().timestamp()) // AGES
    query = request.GET.urlencode()
    return f"{tag('books', 'prices', *names)}-{moment}-{request.user.pk}-{query}"


@guarded(BOOKS)
def index(request: HttpRequest) -> HttpResponse:
    """Net asset value, positions, allocation, exposure."""
    books = scope(request.user, request.GET.get("book", ""))
    etag = _etag(request, books)
    if unchanged := not_modified(request, etag):
        return unchanged
    now = timezone.now()
    found = portfolio(books, stored_curves(books.ids, now), now)
    context = {
        "books": books if books.one is None else scope(request.user),
        "book": request.GET.get("book", ""),
        "query": request.GET.urlencode(),
        "found": found,
        **_portfolio_texts(request, found),
    }
    response = page_or_fragment(
        request,
        "portfolio/index.html",
        {"board": "portfolio/parts/board.html"},
        context,
    )
    response["ETag"] = f'W/"{etag}"'
    response["HX-PTag"] = etag
    return response


def _portfolio_texts(request: HttpRequest, found: Portfolio) -> dict[str, Any]:
    currency = found.currency
    ring, legend = presenters.allocation(found)
    opened = request.GET.get("open", "")
    rows = []
    for one in found.positions:
        view = presenters.position_view(one, currency)
        view["open"] = str(one.id) == opened
        query = {key: value for key, value in request.GET.items() if key != "open"}
        view["toggle"] = urlencode(query if view["open"] else {**query, "open": one.id})
        if view["open"]:
            view["lots_shown"] = _lots(found, one)
        rows.append(view)
    return {
        "figures": presenters.portfolio_figures(found),
        "rows": rows,
        "cash": presenters.amount(found.cash_balance, currency),
        "cash_weight": presenters.percentage(
            percent_of(found.cash_balance, found.equity), places=1
        ),
        "equity": presenters.amount(found.equity, currency),
        "unrealised": presenters.change(found.unrealised, currency),
        "unrealised_tone": presenters.tone(found.unrealised),
        "ring": ring,
        "legend": legend,
        "bars": presenters.exposure_bars(found),
        "stale": len(found.stale),
        "totals": found.by_currency if found.scope.mixed else [],
    }


def _lots(found: Holdings, row: PositionRow) -> list[dict[str, Any]]:
    """The open lots of one position, the next to be sold first."""
    mark = row.valued.mark
    quote = row.valued.holding.quote
    result = []
    for lot in open_lots(found.scope, row.book_id, row.instrument.pk)[:200]:
        sign = 1 if lot.long else -1
        cost = sign * lot.remaining_amount + lot.remaining_fee
        unknown = lot.reason == MISSING_COST
        gain = None
        if mark is not None and not unknown:
            gain = sign * lot.remaining_quantity * mark.price - cost
        result.append(
            {
                "lot": lot,
                "quantity": number(lot.remaining_quantity),
                "cost": presenters.amount(None if unknown else cost, quote),
                "unit": presenters.amount(
                    None if unknown else lot.remaining_amount / lot.remaining_quantity,
                    quote,
                ),
                "gain": presenters.change(gain, quote),
                "tone": presenters.tone(gain),
            }
        )
    return result


@guarded(BOOKS)
def position(request: HttpRequest, pk: int) -> HttpResponse:
    """One position: its figures and every open lot with the fill behind it."""
    now = timezone.now()
    found = holdings(scope(request.user), now)
    row = next((one for one in found.positions if one.id == pk), None)
    if row is None:
        raise Http404
    return render(
        request,
        "portfolio/position.html",
        {
            "row": row,
            "view": presenters.position_view(row, found.currency),
            "lots": _lots(found, row),
            "currency": found.currency,
        },
    )


# --- performance ---------------------------------------------------------------------


def _chosen(request: HttpRequest) -> tuple[Scope, Performance, dict[str, str]]:
    """What the page's query asks for; unknown ranges show the default year."""
    now = timezone.now()
    books = scope(request.user, request.GET.get("book", ""))
    wanted = request.GET.get("period", "1y")
    name = wanted if wanted in PERIODS else "1y"
    query = {
        "period": name,
        **{
            key: request.GET[key]
            for key in ("book", "strategy", "symbol")
            if request.GET.get(key)
        },
    }
    chosen = Chosen(
        period(name, returns.day_of(now, books.zone)),
        query.get("strategy", ""),
        query.get("symbol", ""),
    )
    curves = stored_curves(books.ids, now)
    found = performance(books, chosen, curves, now, detailed=True)
    return books, found, query


@guarded(BOOKS)
def performance_page(request: HttpRequest) -> HttpResponse:
    """Eight metrics, the curve, months, strategies, symbols, and where from."""
    _, found, query = _chosen(request)
    currency = found.scope.currency
    drawn = presenters.equity_chart(found)
    words = urlencode(query)
    context = {
        "found": found,
        "query": query,
        "periods": _links(query),
        "figures": presenters.performance_figures(found, words),
        "chart": drawn,
        "chart_id": presenters.CHART_ID,
        "chart_data": presenters.chart_data(found) if found.days else None,
        "chart_table": presenters.curve_table(found) if found.days else "",
        "measured": found.measured,
        "falls": presenters.deepest(found),
        "fall_money": presenters.amount(
            found.measured.worst.money if found.measured.worst else None, currency
        ),
        "trips": presenters.trip_lines(found),
        "words": words,
        "months": presenters.month_rows(found.days),
        "month_names": presenters.MONTHS,
        "strategies": presenters.part_rows(parts(found, "strategy"), currency),
        "symbols": presenters.part_rows(parts(found, "symbol"), currency),
        "provenance": presenters.provenance(found),
        "warnings": presenters.warnings(found),
        "reproduce": f"/api/performance?{words}",
        "books": list(readable_books(request.user)),
    }
    return render(request, "portfolio/performance.html", context)


def _links(query: Mapping[str, str]) -> list[tuple[str, str, bool]]:
    """(name, query, current) of each range."""
    return [
        (name.upper(), urlencode({**query, "period": name}), name == query["period"])
        for name in SHOWN_PERIODS
    ]


@guarded(BOOKS)
def metric(request: HttpRequest, name: str) -> HttpResponse:
    """A metric's formula, its inputs and the numbers put in."""
    if name not in FORMULAS:
        raise Http404
    _, found, query = _chosen(request)
    one = found.measured.metrics[name]
    return render(
        request,
        "portfolio/metric.html",
        {
            "metric": one,
            "formula": FORMULAS[name],
            "value": presenters.metric_value(one, found.scope.currency),
            "exact": one.value,
            "found": found,
            "worked": presenters.worked(found, name),
            "provenance": presenters.provenance(found),
            "query": urlencode(query),
            "reproduce": f"/api/performance?{urlencode(query)}",
            "others": FORMULAS,
        },
    )
