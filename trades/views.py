"""The trades pages: list with drawer, import with preview, books."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from kernel.access import access, guarded
from kernel.errors import NotFound, ProductError
from kernel.requests import PersonRequest
from kernel.web import page_or_fragment, wanted_part
from trades.answers.books import BookAnswer
from trades.forms import ImportForm
from trades.pages import drawer, list_state, listing
from trades.queries.books import BOOKS, is_entrusted, own_books, readable_books
from trades.queries.trades import trade_detail
from trades.services.previewing import check_size
from trades.services.staging import book_staged, preview_of, stage, staged

PARTS = {"trades": "trades/parts/list.html"}


@guarded(BOOKS)
def index(request: HttpRequest) -> HttpResponse:
    """The list; htmx gets the list alone, and the URL without empty filters."""
    state = list_state(request.GET)
    context = listing(request.user, state)
    response = page_or_fragment(request, "trades/index.html", PARTS, context)
    if wanted_part(request) and "q" in request.GET and not state.cursor:
        response["HX-Replace-Url"] = context["close_url"]
    return response


@guarded(BOOKS)
def trade(request: HttpRequest, pk: int) -> HttpResponse:
    """One trade beside the list it was opened from."""
    detail = trade_detail(request.user, pk)
    if detail is None:
        raise NotFound("There is no such trade that you may see.", code="trade")
    state = list_state(request.GET)
    context = listing(request.user, state, selected=pk)
    context |= drawer(detail, context["rows"])
    return page_or_fragment(request, "trades/trade.html", PARTS, context)


@access("trading.own", objects="own books")
def upload(request: PersonRequest) -> HttpResponse:
    """Choose a file; it is staged and looked at before anything is booked."""
    posted = request.method == "POST"
    form = ImportForm(request.POST, request.FILES) if posted else ImportForm()
    problem: ProductError | None = None
    if posted and form.is_valid():
        try:
            check_size(form.cleaned_data["file"].size)
            batch = stage(form.source(), request.user)
            return redirect("trades:import-preview", batch.pk)
        except ProductError as error:
            problem = error
    context = {
        "form": form,
        "problem": problem,
        "own_books": list(own_books(request.user)),
    }
    failed = posted and (problem is not None or not form.is_valid())
    return render(request, "trades/import.html", context, status=422 if failed else 200)


@access("trading.own", objects="own imports")
def preview(request: PersonRequest, pk: UUID) -> HttpResponse:
    """What a staged file would do; the button books it."""
    batch = staged(pk, request.user)
    problem: ProductError | None = None
    if request.method == "POST":
        try:
            done = book_staged(batch, request.user)
        except ProductError as error:
            problem = error
        else:
            new = done.recorded.new
            messages.success(
                request,
                f"Booked {new['fills']} fills and {new['transfers']} transfers in "
                f"{done.book.name}; {done.recorded.duplicates} were known already.",
            )
            return redirect(f"{reverse('trades:index')}?book={done.book.pk}")
    batch.refresh_from_db()
    seen = preview_of(batch) if batch.staged is not None else None
    context = {"batch": batch, "preview": seen, "problem": problem}
    return render(
        request, "trades/preview.html", context, status=409 if problem else 200
    )


@guarded(BOOKS)
def books(request: HttpRequest) -> HttpResponse:
    """The trading accounts that the person may read."""
    rows = readable_books(request.user).select_related("owner")
    shown = [
        BookAnswer.of(book, entrusted=is_entrusted(request.user, book)) for book in rows
    ]
    return render(request, "trades/books.html", {"books": shown})
