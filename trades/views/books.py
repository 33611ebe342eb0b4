"""The page of books, where a trader makes one and an administrator gives one."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from accounts.models import User
from accounts.queries import owners_of_books
from kernel.access import Access, guarded
from kernel.errors import ProductError
from trades.answers.books import BookAnswer
from trades.forms.books import MOST_OWNERS, BookForm
from trades.queries.books import is_entrusted, readable_books
from trades.services.books import NewBook, create_book

# Reads as BOOKS; an administrator, too, makes one: for a trader.
ACCESS = Access(
    "trading.own",
    "trading.view",
    writes=("trading.own", "people.manage"),
    objects="own books",
    public_read=True,
)


@guarded(ACCESS)
def books(request: HttpRequest) -> HttpResponse:
    """The trading accounts that the person may read; POST makes one."""
    form, person = None, request.user
    if isinstance(person, User) and ACCESS.allows(person, "POST"):
        given = request.POST if request.method == "POST" else None
        form = BookForm(given, by=person, owners=_owners(person))
    if form is not None and form.is_bound and _made(request, form):
        return redirect("trades:books")
    rows = readable_books(request.user).select_related("owner")
    shown = [
        BookAnswer.of(book, entrusted=is_entrusted(request.user, book)) for book in rows
    ]
    status = 422 if form is not None and form.errors else 200
    context = {"books": shown, "form": form}
    return render(request, "trades/books.html", context, status=status)


def _owners(person: User) -> list[User] | None:
    """Whom they may give a book; None: only themselves."""
    if not person.has_perm("people.manage"):
        return None
    return list(owners_of_books(most=MOST_OWNERS))


def _made(request: HttpRequest, form: BookForm) -> bool:
    if not form.is_valid():
        return False
    given = dict(form.cleaned_data)
    owner = given.pop("owner", form.by)
    try:
        book = create_book(NewBook(**given), owner, by=form.by)
    except ProductError as error:
        form.tell(error)
        return False
    messages.success(request, f"{owner.username} has a new book, {book.name}.")
    return True
