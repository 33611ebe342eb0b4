"""The pages of transfers: the list, and one entered by hand."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from kernel.access import access, guarded
from kernel.errors import NotFound
from kernel.requests import PersonRequest
from trades.answers.amendments import AmendmentAnswer
from trades.answers.facts import TransferAnswer
from trades.domain.facts import NewTransfer
from trades.forms.facts import TransferForm
from trades.models import Book
from trades.pages.drawer import is_mendable
from trades.pages.entry import TRANSFER_NAMES, entry_page
from trades.pages.listing import ROWS
from trades.queries.amendments import transfer_history
from trades.queries.assets import named_or_moved
from trades.queries.books import BOOKS, is_entrusted, is_meant, own_books
from trades.queries.situations import situation
from trades.queries.transfers import (
    TransferFilter,
    readable_transfer,
    told,
    transfer_page,
)
from trades.services.between_books import book_between
from trades.services.transfers import book_transfers
from trades.services.trying import effects_of
from trades.views.entering import entered


@require_safe
@guarded(BOOKS)
def transfers(request: HttpRequest) -> HttpResponse:
    """The movements of cash and coins that a person may read, newest first."""
    book = request.GET.get("book", "").strip()
    page = transfer_page(
        request.user,
        TransferFilter(book=book),
        limit=ROWS,
        cursor=request.GET.get("cursor", ""),
    )
    context = {
        "rows": [(row, TransferAnswer.of(row)) for row in told(page.rows)],
        "book": book,
        "older": page.next_cursor,
        "may_enter": request.user.has_perm("trading.own"),
    }
    return render(request, "trades/transfers.html", context)


@require_safe
@guarded(BOOKS)
def transfer(request: HttpRequest, pk: int) -> HttpResponse:
    """One movement, and what became of it."""
    row = readable_transfer(request.user, pk)
    if row is None:
        raise NotFound("There is no such transfer that you may see.", code="transfer")
    entrusted = is_entrusted(request.user, row.book)
    context = {
        "row": row,
        "answer": TransferAnswer.of(told([row])[0]),
        "history": [
            AmendmentAnswer.of_transfer(change, entrusted=entrusted)
            for change in transfer_history(row)
        ],
        "entrusted": entrusted,
        "names": TRANSFER_NAMES,
        "mendable": is_mendable(row, request.user),
    }
    return render(request, "trades/transfer.html", context)


@access("trading.own", objects="own books")
def new_transfer(request: PersonRequest) -> HttpResponse:
    """Enter one movement of cash or coins by hand."""
    books = list(own_books(request.user))

    def record(new: NewTransfer) -> object:
        if new.to_book:
            return book_between(new, request.user)
        return book_transfers([new], request.user)

    def look(new: NewTransfer) -> dict[str, str]:
        sides = [book for book in books if _is_side(book, new)]
        symbol = named_or_moved(sides, new.asset, new.symbol)
        return situation(sides, symbol, timezone.now())

    form = TransferForm(books, request.POST or None)
    return entered(
        request,
        entry_page("transfer"),
        form,
        record=record,
        foresee=lambda work, new: effects_of(work, lambda: look(new)),
    )


def _is_side(book: Book, new: NewTransfer) -> bool:
    return any(is_meant(book, name) for name in (new.book, new.to_book) if name)
