"""The pages of prices and splits: lists, and one with its history."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.models import User
from kernel.access import guarded
from kernel.errors import NotFound, ProductError
from trades.answers.facts import BalanceAnswer
from trades.answers.market import (
    PriceAnswer,
    SplitAnswer,
    price_answers,
    split_answers,
)
from trades.domain.market_reading import read_price_change, read_split_change
from trades.forms.facts import MendForm, ReasonForm
from trades.inputs import one_row
from trades.models import Price, Split
from trades.pages.entry import price_fields, split_fields
from trades.pages.listing import ROWS
from trades.queries.books import Reader
from trades.queries.market import MARKET, MarketFilter, Row, market_page, visible
from trades.services.market import may_mend, scopes_of
from trades.services.mending_prices import correct_price, void_price
from trades.services.splits import correct_split, void_split


@require_safe
@guarded(MARKET)
def prices(request: HttpRequest) -> HttpResponse:
    """The prices that a person may see, newest first."""
    page = market_page(
        Price.objects.all(),
        request.user,
        MarketFilter(symbol=request.GET.get("symbol", "").strip()),
        limit=ROWS,
        cursor=request.GET.get("cursor", ""),
    )
    context = {
        "rows": price_answers(page.rows, request.user),
        "symbol": request.GET.get("symbol", "").strip(),
        "older": page.next_cursor,
        "may_enter": bool(scopes_of(request.user)),
    }
    return render(request, "trades/prices.html", context)


@require_safe
@guarded(MARKET)
def splits(request: HttpRequest) -> HttpResponse:
    """The splits that a person may see, newest first."""
    page = market_page(
        Split.objects.all(),
        request.user,
        MarketFilter(symbol=request.GET.get("symbol", "").strip()),
        limit=ROWS,
        cursor=request.GET.get("cursor", ""),
    )
    context = {
        "rows": split_answers(page.rows, request.user),
        "symbol": request.GET.get("symbol", "").strip(),
        "older": page.next_cursor,
        "may_enter": bool(scopes_of(request.user)),
    }
    return render(request, "trades/splits.html", context)


def mended(
    request: HttpRequest,
    row: PriceAnswer | SplitAnswer | BalanceAnswer,
    stands: Mapping[str, tuple[str, str]],
    *,
    may_mend: bool,
    back_url: str,
    void: Callable[[str], object],
    correct: Callable[[str, dict[str, str]], object],
    template: str = "trades/mend.html",
) -> HttpResponse:
    """One price, split or balance with its history; whoever may voids or corrects it
    here."""
    step = request.POST.get("step", "")
    voiding = ReasonForm(request.POST if step == "void" else None, prefix="void")
    correcting = MendForm(stands, request.POST if step == "correct" else None)
    problem: ProductError | None = None
    try:
        if step == "void" and voiding.is_valid():
            void(voiding.fact)
            messages.success(request, "Voided: it counts no more.")
            return redirect(back_url)
        if step == "correct" and correcting.is_valid():
            correct(*correcting.fact)
            messages.success(request, "Corrected: what you entered counts instead.")
            return redirect(back_url)
    except ProductError as error:
        problem = error
    context = {
        "row": row,
        "voiding": voiding,
        "correcting": correcting,
        "problem": problem,
        "back_url": back_url,
        "may_mend": may_mend and row.status == "booked",
    }
    status = problem.status if problem else 422 if step else 200
    return render(request, template, context, status=status)


@guarded(MARKET)
def price(request: HttpRequest, pk: int) -> HttpResponse:
    """One price, its history, and the forms that mend it."""
    row, user, now = _market_row(Price, request, pk), request.user, timezone.now()
    [answer] = price_answers([row], user)
    return mended(
        request,
        answer,
        price_fields(row),
        may_mend=may_mend(row, user),
        back_url=reverse("trades:prices"),
        void=lambda reason: void_price(pk, reason, as_person(user)),
        correct=lambda reason, changed: correct_price(
            pk,
            lambda old: one_row(changed).read(
                lambda body: read_price_change(body, old, now=now)
            )[0],
            reason,
            as_person(user),
        ),
    )


@guarded(MARKET)
def split(request: HttpRequest, pk: int) -> HttpResponse:
    """One split, its history, and the forms that mend it."""
    row, user, now = _market_row(Split, request, pk), request.user, timezone.now()
    [answer] = split_answers([row], user)
    return mended(
        request,
        answer,
        split_fields(row),
        may_mend=may_mend(row, user),
        back_url=reverse("trades:splits"),
        void=lambda reason: void_split(pk, reason, as_person(user)),
        correct=lambda reason, changed: correct_split(
            pk,
            lambda old: one_row(changed).read(
                lambda body: read_split_change(body, old, now=now)
            )[0],
            reason,
            as_person(user),
        ),
    )


def as_person(user: Reader) -> User:
    """Who writes is somebody: the access rule of writes asks for a permission."""
    assert isinstance(user, User)
    return user


def _market_row(model: type[Row], request: HttpRequest, pk: int) -> Row:
    rows = visible(model._default_manager.select_related("author"), request.user)
    row = rows.filter(pk=pk).first()
    if row is None:
        noun = model._meta.verbose_name
        raise NotFound(f"There is no such {noun} that you may see.", code=str(noun))
    return row
