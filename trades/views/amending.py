"""The pages that void and correct a trade: what follows is shown before it is booked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.models import User
from kernel.access import access
from kernel.errors import ProductError
from kernel.forms import StrictForm
from kernel.requests import PersonRequest
from trades.models import Fill
from trades.services.amending import (
    LONGEST_REASON,
    Amendment,
    amendable_fill,
    correct_fill,
    fill_fields,
    rehearse,
    void_fill,
)


class VoidForm(StrictForm):
    """Why a trade is taken out; `step` says whether to look or to book."""

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

    def amend(self, fill: Fill, by: User) -> Amendment:
        return void_fill(fill.pk, self.cleaned_data["reason"], by)


class CorrectForm(VoidForm):
    """What a trade should have said: each field stands as it was booked."""

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
    executed_at = forms.CharField(
        label="Executed", max_length=40, help_text="With an offset, such as …T09:30:00Z"
    )
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

    def amend(self, fill: Fill, by: User) -> Amendment:
        kept = ("reason", "step")
        values = {k: v for k, v in self.cleaned_data.items() if k not in kept}
        return correct_fill(fill.pk, values, self.cleaned_data["reason"], by)


@access("trading.own", objects="own books")
def void(request: PersonRequest, pk: int) -> HttpResponse:
    """Take a trade out."""
    return _amend(request, pk, VoidForm, verb="Void")


@access("trading.own", objects="own books")
def correct(request: PersonRequest, pk: int) -> HttpResponse:
    """Put what it should have said in a trade's place."""
    return _amend(request, pk, CorrectForm, verb="Correct")


def _amend(
    request: PersonRequest, pk: int, form_class: type[VoidForm], *, verb: str
) -> HttpResponse:
    fill = amendable_fill(pk, request.user)
    form = form_class(request.POST or None, initial=fill_fields(fill))
    seen: Amendment | None = None
    problem: ProductError | None = None
    if form.is_bound and form.is_valid():
        try:
            if form.books:
                done = form.amend(fill, request.user)
                messages.success(request, _said(done, verb))
                return redirect("trades:trade", done.fact.pk)
            seen = rehearse(lambda: form.amend(fill, request.user))
        except ProductError as error:
            problem = error
    context = {
        "fill": fill,
        "form": form,
        "seen": seen,
        "problem": problem,
        "verb": verb,
    }
    failed = form.is_bound and seen is None
    return render(request, "trades/amend.html", context, status=422 if failed else 200)


def _said(done: Amendment, verb: str) -> str:
    name = f"{'Voided' if verb == 'Void' else 'Corrected'} {done.fact.external_id}"
    return f"{name}." if done.matched else f"{name}: later trades are matched again."
