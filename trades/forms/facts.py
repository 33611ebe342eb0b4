"""Facts that people type, and how they mend them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from trades.domain.facts import NewBalance
from trades.domain.market_reading import read_reason, read_split
from trades.domain.reading import (
    TRANSFER_KINDS,
    NotAFact,
    read_balance,
    read_fill,
    read_price,
    read_transfer,
)
from trades.domain.times import read_time
from trades.models import Book

UTC_ZONE = ZoneInfo("UTC")
BY_HAND = "by hand"  # the source of what a person types
SCOPES = [("own", "My books"), ("desk", "Every book")]


class FactForm(forms.Form):
    """A fact typed by hand, read as a body of the API is: one rule for both. After
    is_valid() it is in `fact`."""

    fact: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if not isinstance(field.widget, forms.HiddenInput):
                field.widget.attrs.setdefault("class", "input")

    def read(self, row: Mapping[str, Any]) -> Any:
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        given = {name: self.cleaned_data.get(name, "") for name in self.fields}
        if not self.errors:
            try:
                self.fact = self.read(given)
            except NotAFact as error:
                for fault in error.errors:
                    name = fault.pointer.strip("/")
                    known = name if name in self.fields else None
                    self.add_error(known, fault.detail)
        return self.cleaned_data


def _time(label: str) -> forms.CharField:
    widget = forms.TextInput(attrs={"type": "datetime-local", "step": "1"})
    return forms.CharField(label=label, widget=widget, help_text="In UTC")


def _number(
    label: str, *, required: bool = True, help_text: str = ""
) -> forms.CharField:
    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})
    return forms.CharField(
        label=label, widget=widget, required=required, help_text=help_text
    )


def _symbol() -> forms.CharField:
    return forms.CharField(label="Symbol", max_length=50, help_text="Such as BTC-USD")


class _BookFactForm(FactForm):
    """What facts of a book share: which of one's own it is."""

    book = forms.ChoiceField(label="Book")

    def __init__(self, books: Sequence[Book], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.books = [(book.reference, book.name) for book in books]
        self._offer("book", self.books)

    def _offer(self, name: str, choices: list[tuple[str, str]]) -> None:
        field = self.fields[name]
        assert isinstance(field, forms.ChoiceField)
        field.choices = choices


class TradeForm(_BookFactForm):
    """A trade that no file and no program brought."""

    symbol = _symbol()
    side = forms.ChoiceField(label="Side", choices=[("buy", "Buy"), ("sell", "Sell")])
    quantity = _number("Quantity")
    price = _number("Price", help_text="Of one unit; 0 for a gift")
    executed_at = _time("Executed at")
    fee = _number("Fee", required=False)
    fee_currency = forms.CharField(
        label="Fee currency",
        max_length=40,
        required=False,
        help_text="Left empty, the currency of the price",
    )
    strategy = forms.CharField(label="Strategy", max_length=100, required=False)
    note = forms.CharField(
        label="Note", required=False, widget=forms.Textarea(attrs={"rows": "2"})
    )
    external_id = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, books: Sequence[Book], *args: Any, **kwargs: Any) -> None:
        super().__init__(books, *args, **kwargs)
        # Sent twice, the form books once.
        self.fields["external_id"].initial = f"hand-{uuid4().hex}"

    def read(self, row: Mapping[str, Any]) -> Any:
        return read_fill(row, now=timezone.now(), zone=UTC_ZONE)


class TransferForm(_BookFactForm):
    """Cash or coins that came, went or were earned without a trade."""

    kind = forms.ChoiceField(
        label="Kind", choices=[(kind, kind.capitalize()) for kind in TRANSFER_KINDS]
    )
    asset = forms.CharField(
        label="Asset", max_length=40, help_text="Such as USD or BTC"
    )
    amount = _number("Amount", help_text="Negative when it goes out")
    at = _time("At")
    to_book = forms.ChoiceField(
        label="To another of your books",
        required=False,
        help_text="Of a transfer that goes out: its lots bring their cost along",
    )
    cost = _number(
        "Cost",
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
        label="Note", required=False, widget=forms.Textarea(attrs={"rows": "2"})
    )
    external_id = forms.CharField(widget=forms.HiddenInput)

    def __init__(self, books: Sequence[Book], *args: Any, **kwargs: Any) -> None:
        super().__init__(books, *args, **kwargs)
        self._offer("to_book", [("", "No other book"), *self.books])
        # Sent twice, the form books once.
        self.fields["external_id"].initial = f"hand-{uuid4().hex}"

    def read(self, row: Mapping[str, Any]) -> Any:
        return read_transfer(row, now=timezone.now(), zone=UTC_ZONE)


class BalanceForm(_BookFactForm):
    """What somebody else says that a book holds."""

    asset = forms.CharField(
        label="Asset", max_length=40, help_text="Such as USD or BTC"
    )
    amount = _number("Amount", help_text="Held at that time; negative when owed")
    at = _time("Held at")

    def read(self, row: Mapping[str, Any]) -> NewBalance:
        stated = read_balance(row, now=timezone.now(), zone=UTC_ZONE)
        return replace(stated, source=BY_HAND)


class _MarketForm(FactForm):
    """What prices and splits share: for whom they count."""

    scope = forms.ChoiceField(label="Counts for", choices=SCOPES)

    def __init__(self, scopes: Sequence[str], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [choice for choice in SCOPES if choice[0] in scopes]
        self.fields["scope"] = forms.ChoiceField(label="Counts for", choices=choices)
        self.fields["scope"].widget.attrs["class"] = "input"


class PriceForm(_MarketForm):
    """What something was worth at a time."""

    symbol = _symbol()
    at = _time("Quoted at")
    price = _number("Price", help_text="As it was quoted; no split changes it")
    currency = forms.CharField(
        label="Currency",
        max_length=40,
        required=False,
        help_text="A symbol like BTC-USD says it; a plain one needs it for every book",
    )
    source = forms.CharField(label="Source", max_length=40, initial=BY_HAND)

    def read(self, row: Mapping[str, Any]) -> Any:
        return read_price(row, now=timezone.now(), zone=UTC_ZONE)


class SplitForm(_MarketForm):
    """More or fewer units of the same."""

    symbol = _symbol()
    at = _time("From")
    numerator = _number("New units")
    denominator = _number("For old units")

    def read(self, row: Mapping[str, Any]) -> Any:
        return read_split(row, now=timezone.now(), zone=UTC_ZONE)


class ReasonForm(FactForm):
    """Why something is voided."""

    reason = forms.CharField(label="Reason", max_length=1000)

    def read(self, row: Mapping[str, Any]) -> str:
        return read_reason(row)


class MendForm(FactForm):
    """A correction: why, and what shall stand instead. `fact` is the reason and the
    fields that were changed."""

    reason = forms.CharField(label="Reason", max_length=1000)

    def __init__(
        self, stands: Mapping[str, tuple[str, str]], *args: Any, **kwargs: Any
    ) -> None:
        """`stands`: label and present value by name."""
        super().__init__(*args, **kwargs)
        self._stands = {name: value for name, (_, value) in stands.items()}
        for name, (label, value) in stands.items():
            field = forms.CharField(label=label, initial=value, required=False)
            field.widget.attrs["class"] = "input"
            self.fields[name] = field

    def read(self, row: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
        reason = read_reason({"reason": row["reason"]})
        changed = {
            name: row[name] for name in self._stands if row[name] != self._stands[name]
        }
        if "at" in changed:
            with suppress(ValueError):  # whoever reads it names what is wrong
                changed["at"] = read_time(changed["at"], UTC_ZONE).isoformat()
        return reason, changed
