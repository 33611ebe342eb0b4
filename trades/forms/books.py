"""A new book, as a person types it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from accounts.models import User
from accounts.services.preferences import zones
from kernel.forms import StrictForm

MOST_OWNERS = 500


def _select() -> forms.Select:
    return forms.Select(attrs={"class": "input"})


class BookForm(StrictForm):
    """`owners` are those who may be given one; None: the person makes it for
    themselves."""

    name = forms.CharField(
        label="Name",
        max_length=100,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    base_currency = forms.CharField(
        label="Base currency",
        max_length=20,
        initial="USD",
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
        help_text="What its profit and loss are counted in. It never changes.",
    )
    zone = forms.ChoiceField(
        label="Time zone",
        choices=lambda: [(name, name) for name in zones()],
        initial="UTC",
        widget=_select(),
        help_text="Where its days begin and end.",
    )
    periods_per_year = forms.TypedChoiceField(
        label="Trading days a year",
        choices=[("365", "365, every day"), ("252", "252, as exchanges open")],
        coerce=int,
        widget=_select(),
    )
    allow_short = forms.BooleanField(
        label="May sell what it does not hold", required=False
    )

    def __init__(
        self, *args: Any, by: User, owners: Sequence[User] | None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        if owners is not None:
            self._owners = {owner.username: owner for owner in owners}
            self.fields["owner"] = forms.ChoiceField(
                label="Whose",
                choices=[(name, name) for name in self._owners],
                widget=_select(),
                help_text="People with the role Trader.",
            )
            self.order_fields(["owner"])

    def clean_base_currency(self) -> str:
        """As it was typed: a Kelvin sign composes to a K."""
        if not str(self.data.get("base_currency", "")).strip().isascii():
            raise forms.ValidationError("is no currency", "invalid")
        return str(self.cleaned_data["base_currency"])

    def clean_owner(self) -> User:
        return self._owners[self.cleaned_data["owner"]]
