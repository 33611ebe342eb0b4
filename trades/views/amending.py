"""The pages that void and correct trades and transfers: what follows is shown before it
is booked."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from kernel.access import access
from kernel.errors import ProductError
from kernel.forms import StrictForm
from kernel.requests import PersonRequest
from trades.domain.times import read_time
from trades.models import Book, Fill, Transfer
from trades.queries.facts import time_of
from trades.queries.situations import situation
from trades.services.amending import (
    LONGEST_REASON,
    Amendment,
    amendable_fill,
    amendable_transfer,
    correct_fill,
    correct_transfer,
    fill_fields,
    transfer_fields,
    void_fill,
    void_transfer,
)
from trades.services.trying import Effect, effects_of


class VoidForm(StrictForm):
    """Why a fact is taken out; `step` says whether to look or to book."""

    reason = forms.CharField(
        label="Reason",
        max_length=LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stays in its history",
    )
    step = forms.ChoiceField(
        choices=(("look", "Look"), ("book", "Book")),
        required=False,
        widget=forms.HiddenInput,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs["class"] = "input"

    @property
    def books(self) -> bool:
        return bool(self.cleaned_data["step"] == "book")

    def amend(self, fact: Fill | Transfer, by: User) -> Amendment:
        void = void_fill if isinstance(fact, Fill) else void_transfer
        return void(fact.pk, self.cleaned_data["reason"], by)


class CorrectForm(VoidForm):
    """What a fact should have said: each field stands as it was booked, its time in the
    reader's zone."""

    time_field = "at"
    moment: datetime  # after is_valid()

    def __init__(self, fact: Fill | Transfer, *args: Any, **kwargs: Any) -> None:
        fields = fill_fields(fact) if isinstance(fact, Fill) else transfer_fields(fact)
        self.booked_at = time_of(fact)
        local = timezone.localtime(self.booked_at).replace(tzinfo=None)
        fields[self.time_field] = local.isoformat(sep=" ")
        super().__init__(*args, initial=fields, **kwargs)
        zone = timezone.get_current_timezone_name()
        self.fields[self.time_field].help_text = f"In {zone}, or with an offset"

    def clean(self) -> dict[str, Any]:
        """The time as it was booked where nobody touched it: a local one may name two."""
        super().clean()
        given = str(self.cleaned_data.get(self.time_field, ""))
        if given == self.initial[self.time_field]:
            self.moment = self.booked_at
        elif given:
            zone = ZoneInfo(timezone.get_current_timezone_name())
            try:
                self.moment = read_time(given, zone)
            except ValueError as error:
                self.add_error(self.time_field, str(error))
        return self.cleaned_data

    def amend(self, fact: Fill | Transfer, by: User) -> Amendment:
        kept = ("reason", "step")
        values = {k: v for k, v in self.cleaned_data.items() if k not in kept}
        values[self.time_field] = self.moment.isoformat()
        correct = correct_fill if isinstance(fact, Fill) else correct_transfer
        return correct(fact.pk, values, self.cleaned_data["reason"], by)


class CorrectTradeForm(CorrectForm):
    """The fields of a trade."""

    time_field = "executed_at"

    symbol = forms.CharField(label="Symbol", max_length=50)
    side = forms.ChoiceField(label="Side", choices=Fill.Side.choices)
    quantity = forms.CharField(label="Quantity", max_length=60)
    price = forms.CharField(label="Price", max_length=60)
    fee = forms.CharField(label="Fee", max_length=60, required=False)
    fee_currency = forms.CharField(
        label="Fee currency",
        max_length=40,
        required=False,
        help_text="Empty: the quote",
    )
    executed_at = forms.CharField(label="Executed", max_length=40)
    strategy = forms.CharField(label="Strategy", max_length=100, required=False)
    order_id = forms.CharField(label="Order", max_length=100, required=False)
    order_type = forms.CharField(label="Order type", max_length=20, required=False)
    liquidity = forms.ChoiceField(
        label="Liquidity",
        choices=(("", "Not said"), *Fill.Liquidity.choices),
        required=False,
    )
    note = forms.CharField(
        label="Note",
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    field_order = (
        "symbol",
        "side",
        "quantity",
        "price",
        "fee",
        "fee_currency",
        "executed_at",
        "strategy",
        "order_id",
        "order_type",
        "liquidity",
        "note",
        "reason",
    )


class CorrectTransferForm(CorrectForm):
    """The fields of a transfer."""

    kind = forms.ChoiceField(label="Kind", choices=Transfer.Kind.choices)
    asset = forms.CharField(label="Asset", max_length=40)
    amount = forms.CharField(
        label="Amount", max_length=60, help_text="Negative when it goes out"
    )
    at = forms.CharField(label="At", max_length=40)
    cost = forms.CharField(
        label="Cost",
        max_length=60,
        required=False,
        help_text="What coins that come in have cost, if you know it",
    )
    symbol = forms.CharField(
        label="Symbol",
        max_length=50,
        required=False,
        help_text="What it moves or belongs to; left empty, what the book trades",
    )
    strategy = forms.CharField(label="Strategy", max_length=100, required=False)
    note = forms.CharField(
        label="Note",
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    field_order = (
        "kind",
        "asset",
        "amount",
        "at",
        "cost",
        "symbol",
        "strategy",
        "note",
        "reason",
    )


@access("trading.own", objects="own books")
def void_trade(request: PersonRequest, pk: int) -> HttpResponse:
    """Take a trade out."""
    fill = amendable_fill(pk, request.user)
    return _amend(request, fill, VoidForm(request.POST or None), verb="Void")


@access("trading.own", objects="own books")
def correct_trade(request: PersonRequest, pk: int) -> HttpResponse:
    """Put what it should have said in a trade's place."""
    fill = amendable_fill(pk, request.user)
    form = CorrectTradeForm(fill, request.POST or None)
    return _amend(request, fill, form, verb="Correct")


@access("trading.own", objects="own books")
def void_movement(request: PersonRequest, pk: int) -> HttpResponse:
    """Take a transfer out."""
    move = amendable_transfer(pk, request.user)
    return _amend(request, move, VoidForm(request.POST or None), verb="Void")


@access("trading.own", objects="own books")
def correct_movement(request: PersonRequest, pk: int) -> HttpResponse:
    """Put what it should have said in a transfer's place."""
    move = amendable_transfer(pk, request.user)
    form = CorrectTransferForm(move, request.POST or None)
    return _amend(request, move, form, verb="Correct")


def _amend(
    request: PersonRequest, fact: Fill | Transfer, form: VoidForm, *, verb: str
) -> HttpResponse:
    noun = "trade" if isinstance(fact, Fill) else "transfer"
    seen: list[Amendment] = []
    effects: list[Effect] = []
    problem: ProductError | None = None
    if form.is_bound and form.is_valid():
        try:
            if form.books:
                done = form.amend(fact, request.user)
                messages.success(request, _said(done, verb))
                return redirect(f"trades:{noun}", done.fact.pk)
            effects = effects_of(
                lambda: seen.append(form.amend(fact, request.user)),
                lambda: situation(_books_of(fact), "", timezone.now()),
            )
        except ProductError as error:
            problem = error
    context = {
        "fact": fact,
        "noun": noun,
        "fact_url": reverse(f"trades:{noun}", args=[fact.pk]),
        "form": form,
        "seen": seen[0] if seen else None,
        "effects": effects,
        "problem": problem,
        "verb": verb,
    }
    failed = form.is_bound and not seen
    return render(request, "trades/amend.html", context, status=422 if failed else 200)


def _books_of(fact: Fill | Transfer) -> list[Book]:
    there = fact.to_book if isinstance(fact, Transfer) else None
    return [fact.book] if there is None else [fact.book, there]


def _said(done: Amendment, verb: str) -> str:
    name = f"{'Voided' if verb == 'Void' else 'Corrected'} {done.fact.external_id}"
    return f"{name}." if done.matched else f"{name}: later trades are matched again."
