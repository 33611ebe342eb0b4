"""The trades page: list with drawer."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from kernel.access import guarded
from kernel.errors import NotFound
from kernel.web import came_of, page_or_fragment, wanted_part
from trades.pages.drawer import drawer
from trades.pages.listing import list_state, listing
from trades.queries.books import BOOKS
from trades.queries.trades import trade_detail
from trades.queries.versions import FOR_ALL, names_of

PARTS = {"trades": "trades/parts/listed.html"}


@require_safe
@guarded(BOOKS)
def index(request: HttpRequest) -> HttpResponse:
    """The list; htmx gets the list alone, and the URL without empty filters."""
    state = list_state(request.GET)
    context = listing(request.user, state)
    came_of(request, [*FOR_ALL, *names_of([book.pk for book in context["books"]])])
    response = page_or_fragment(request, "trades/index.html", PARTS, context)
    if wanted_part(request) and "q" in request.GET and not state.cursor:
        response["HX-Replace-Url"] = context["close_url"]
    return response


@require_safe
@guarded(BOOKS)
def trade(request: HttpRequest, pk: int) -> HttpResponse:
    """One trade beside the list it was opened from."""
    detail = trade_detail(request.user, pk)
    if detail is None:
        raise NotFound("There is no such trade that you may see.", code="trade")
    state = list_state(request.GET)
    context = listing(request.user, state, selected=pk)
    context |= drawer(detail, context["rows"], request.user)
    return page_or_fragment(request, "trades/trade.html", PARTS, context)
