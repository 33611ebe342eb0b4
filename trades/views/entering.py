"""Facts entered by hand: looked at first, recorded when the person says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from kernel.access import access
from kernel.errors import ProductError
from kernel.requests import PersonRequest
from trades.forms import FactForm, PriceForm, SplitForm, TradeForm
from trades.pages import entry_page
from trades.queries.books import is_meant, own_books
from trades.queries.situations import books_holding, situation
from trades.services.fills import book_fills
from trades.services.market import scopes_of
from trades.services.prices import set_prices
from trades.services.splits import record_split
from trades.services.trying import Effect, effects_of


def entered(
    request: PersonRequest,
    kind: str,
    form: FactForm,
    *,
    record: Callable[[Any], object],
    look: Callable[[Any], Mapping[str, str]],
) -> HttpResponse:
    """A fact typed by hand: looked at first, with the figures that it would change;
    recorded when the person says so."""
    page = entry_page(kind)
    problem: ProductError | None = None
    effects: list[Effect] | None = None
    if request.method == "POST" and form.is_valid():
        fact = form.fact
        try:
            if request.POST.get("step") == "book":
                record(fact)
                messages.success(request, f"{page.title}: done.")
                return redirect(page.back_url)
            effects = effects_of(lambda: record(fact), lambda: look(fact))
        except ProductError as error:
            problem = error
    context = {"form": form, "problem": problem, "effects": effects, "page": page}
    failed = request.method == "POST" and effects is None
    return render(request, "trades/entry.html", context, status=422 if failed else 200)


@access("trading.own", objects="own books")
def new_trade(request: PersonRequest) -> HttpResponse:
    """Enter one trade by hand."""
    books = list(own_books(request.user))
    return entered(
        request,
        "trade",
        TradeForm(books, request.POST or None),
        record=lambda fill: book_fills([fill], request.user),
        look=lambda fill: situation(
            [book for book in books if is_meant(book, fill.book)],
            fill.symbol.upper().replace("/", "-"),
            timezone.now(),
        ),
    )


@access("trading.own", "trades.keep_prices", objects="own prices and the desk's")
def new_price(request: PersonRequest) -> HttpResponse:
    """Enter one price by hand."""
    return entered(
        request,
        "price",
        PriceForm(scopes_of(request.user), request.POST or None),
        record=lambda price: set_prices([price], request.user),
        look=lambda price: situation(
            list(books_holding(price.symbol, price.scope, request.user)),
            price.symbol,
            timezone.now(),
        ),
    )


@access("trading.own", "trades.keep_prices", objects="own splits and the desk's")
def new_split(request: PersonRequest) -> HttpResponse:
    """Enter one split by hand."""
    return entered(
        request,
        "split",
        SplitForm(scopes_of(request.user), request.POST or None),
        record=lambda split: record_split(split, request.user),
        look=lambda split: situation(
            list(books_holding(split.symbol, split.scope, request.user)),
            split.symbol,
            timezone.now(),
        ),
    )
