"""The pages of portfolio and performance: the same queries as the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from kernel.access import access, guarded
from kernel.cache import tag
from kernel.requests import PersonRequest
from kernel.web import came_of, not_modified, page_or_fragment
from portfolio.domain.formulas import FORMULAS
from portfolio.pages.holdings import portfolio_page, position_page, positions_address
from portfolio.pages.known import known_note
from portfolio.pages.metric import metric_page
from portfolio.pages.performance import performance_page
from portfolio.pages.reconciliation import (
    CARD_FACTS,
    StatementOutlook,
    asset_lines,
    balance_page,
    stated_card,
)
from portfolio.queries.books import Scope, as_asked, scope
from portfolio.queries.curves import curves_of
from portfolio.queries.holdings import holdings
from portfolio.queries.reconciliation import reconciliation, stated_beside
from portfolio.queries.summary import portfolio
from portfolio.views.asking import performance_asked, range_query
from trades.answers.facts import balance_answers
from trades.domain.facts import NewBalance
from trades.domain.market_reading import read_balance_change
from trades.forms.facts import BalanceForm
from trades.inputs import one_row
from trades.pages.entry import balance_fields
from trades.queries.books import BOOKS, is_meant, own_books, readable_books
from trades.queries.statements import visible_statements
from trades.queries.versions import FOR_ALL, names_of
from trades.services.statements import (
    correct_balance,
    state_balance,
    void_balance,
)
from trades.services.trying import tried
from trades.views.entering import entered
from trades.views.kept import books_part
from trades.views.market import as_person, mended

AGES = 600  # seconds after which a polled page shows its ages anew


def _names(books: Scope) -> list[str]:
    """What the books hold, their curves, and prices."""
    return [*FOR_ALL, *names_of(books.ids)]


def _etag(request: HttpRequest, books: Scope) -> str:
    """Changes with these, and every ten minutes."""
    moment = int(timezone.now().timestamp()) // AGES
    return f"{tag(*_names(books))}-{moment}-{request.user.pk}-{request.GET.urlencode()}"


@require_safe
@guarded(BOOKS)
def index(request: HttpRequest) -> HttpResponse:
    """Net asset value, positions, allocation, exposure."""
    books = scope(request.user, request.GET.get("book", ""))
    etag = _etag(request, books)
    if unchanged := not_modified(request, etag, of=_names(books)):
        return unchanged
    books, now = as_asked(books, request.GET, timezone.now())
    summary = portfolio(books, curves_of(books, now), now)
    stated = None
    if books.known is None:
        stated = stated_card(reconciliation(books, CARD_FACTS))
    context = {
        "books": books if books.one is None else scope(request.user),
        "book": request.GET.get("book", ""),
        "query": request.GET.urlencode(),
        "found": summary,
        "stated": stated,
        "reproduce": positions_address(request.GET),
        **known_note(books, request.GET.dict()),
        **portfolio_page(summary, request.GET),
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


@require_safe
@guarded(BOOKS)
def reconcile(request: HttpRequest) -> HttpResponse:
    """Stated beside booked balances, per asset, and where they part."""
    book = request.GET.get("book", "")
    books = scope(request.user, book)
    compared = reconciliation(books)
    context = {
        "assets": asset_lines(compared),
        "left_out": compared.left_out,
        "books": list(readable_books(request.user)),
        "book": book,
        "may_state": request.user.has_perm("trading.own"),
    }
    return render(request, "portfolio/reconciliation.html", context)


@access("trading.own", objects="own books")
def new_balance(request: PersonRequest) -> HttpResponse:
    """Enter by hand what somebody else states that a book holds."""
    books = list(own_books(request.user))

    def beside(new: NewBalance) -> StatementOutlook:
        [book] = [book for book in books if is_meant(book, new.book)]
        return StatementOutlook.of(stated_beside(book, new))

    return entered(
        request,
        balance_page(),
        BalanceForm(books, request.POST or None),
        record=lambda new: state_balance(new, request.user),
        foresee=lambda work, new: tried(work, lambda: beside(new)),
        template="portfolio/new_balance.html",
    )


@guarded(BOOKS)
def stated(request: HttpRequest, pk: int) -> HttpResponse:
    """One stated balance, its history, and the forms that mend it."""
    user, now = request.user, timezone.now()
    rows = visible_statements(user).select_related("book")
    row = rows.filter(pk=pk).first()
    if row is None:
        raise Http404
    [answer] = balance_answers([row], user)
    return mended(
        request,
        answer,
        balance_fields(row),
        may_mend=row.book.owner_id == user.pk and user.has_perm("trading.own"),
        back_url=reverse("portfolio:reconciliation"),
        void=lambda reason: void_balance(pk, reason, as_person(user)),
        correct=lambda reason, changed: correct_balance(
            pk,
            lambda old: one_row(changed).read(
                lambda body: read_balance_change(body, old, now=now)
            )[0],
            reason,
            as_person(user),
        ),
        template="portfolio/balance.html",
    )


@require_safe
@guarded(BOOKS)
def position(request: HttpRequest, pk: int) -> HttpResponse:
    """One position: its figures and every open lot with the fill behind it."""
    held = holdings(scope(request.user), timezone.now())
    row = next((row for row in held.positions if row.id == pk), None)
    if row is None:
        raise Http404
    return render(request, "portfolio/position.html", position_page(held, row))


@require_safe
@guarded(BOOKS)
def performance(request: HttpRequest) -> HttpResponse:
    """Eight metrics, the curve, months, strategies, symbols, and where from."""
    query = range_query(request)

    def sheet() -> Mapping[str, Any]:
        told = performance_asked(request, query)
        return performance_page(told, query) | known_note(told.scope, query)

    part = books_part(request, "portfolio/parts/tear_sheet.html", sheet)
    came_of(request, part.names)
    return render(request, "portfolio/performance.html", {"sheet": part})


@require_safe
@guarded(BOOKS)
def metric(request: HttpRequest, name: str) -> HttpResponse:
    """A metric's formula, its inputs and the numbers put in."""
    if name not in FORMULAS:
        raise Http404
    query = range_query(request)
    told = performance_asked(request, query)
    context = metric_page(told, name, query) | known_note(told.scope, query)
    return render(request, "portfolio/metric.html", context)
