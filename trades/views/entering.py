"""Facts entered by hand: looked at first, recorded when the person says so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from accounts.models import User
from kernel.access import access
from kernel.errors import ProductError
from kernel.requests import PersonRequest
from trades.domain.facts import NewPrice, NewSplit
from trades.forms.facts import FactForm, PriceForm, SplitForm, TradeForm
from trades.pages.entry import EntryPage, entry_page
from trades.queries.books import is_meant, own_books
from trades.queries.situations import books_holding, situation
from trades.services.fills import book_fills
from trades.services.market import scopes_of
from trades.services.prices import set_prices
from trades.services.splits import record_split
from trades.services.trying import Effect, effects_of


def entered(
    request: PersonRequest,
    page: EntryPage,
    form: FactForm,
    *,
    record: Callable[[Any], object],
    foresee: Callable[[Callable[[], object], Any], object],
    template: str = "trades/entry.html",
) -> HttpResponse:
    """A fact typed by hand: looked at first, with what would follow (`foresee` gets
    the work that records it, to try); recorded when the person says so."""
    problem: ProductError | None = None
    follows: object = None
    if request.method == "POST" and form.is_valid():
        fact = form.fact
        try:
            if request.POST.get("step") == "book":
                record(fact)
                messages.success(request, page.done)
                return redirect(page.back_url)
            follows = foresee(lambda: record(fact), fact)
        except ProductError as error:
            problem = error
    context = {"form": form, "problem": problem, "follows": follows, "page": page}
    failed = request.method == "POST" and follows is None
    return render(request, template, context, status=422 if failed else 200)


def market_effects(
    keep: Callable[[], object], fact: NewPrice | NewSplit, user: User
) -> list[Effect]:
    """What a price or a split changes for the books that hold its symbol."""

    def look() -> Mapping[str, str]:
        books = list(books_holding(fact.symbol, fact.scope, user))
        return situation(books, fact.symbol, timezone.now())

    return effects_of(keep, look)


@access("trading.own", objects="own books")
def new_trade(request: PersonRequest) -> HttpResponse:
    """Enter one trade by hand."""
    books = list(own_books(request.user))
    return entered(
        request,
        entry_page("trade"),
        TradeForm(books, request.POST or None),
        record=lambda fill: book_fills([fill], request.user),
        foresee=lambda work, fill: effects_of(
            work,
            lambda: situation(
                [book for book in books if is_meant(book, fill.book)],
                fill.symbol.upper().replace("/", "-"),
                timezone.now(),
            ),
        ),
    )


@access("trading.own", "trades.keep_prices", objects="own prices and the desk's")
def new_price(request: PersonRequest) -> HttpResponse:
    """Enter one price by hand."""
    return entered(
        request,
        entry_page("price"),
        PriceForm(scopes_of(request.user), request.POST or None),
        record=lambda price: set_prices([price], request.user),
        foresee=lambda keep, price: market_effects(keep, price, request.user),
    )


@access("trading.own", "trades.keep_prices", objects="own splits and the desk's")
def new_split(request: PersonRequest) -> HttpResponse:
    """Enter one split by hand."""
    return entered(
        request,
        entry_page("split"),
        SplitForm(scopes_of(request.user), request.POST or None),
        record=lambda split: record_split(split, request.user),
        foresee=lambda keep, split: market_effects(keep, split, request.user),
    )
