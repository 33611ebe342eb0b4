"""What people type on operations' pages."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms

from kernel.forms import StrictForm, WholeNumber
from kernel.numbers import NotExact, exact
from operations.domain.rules import threshold_problem
from operations.domain.silences import LENGTHS, LONGEST_REASON


class ThresholdForm(forms.Form):
    """A new threshold for one rule, with the revision that was shown."""

    threshold = forms.CharField(max_length=40, label="Threshold")
    revision = WholeNumber(widget=forms.HiddenInput)

    def __init__(self, rule: str, *args: Any, **kwargs: Any) -> None:
        self.rule = rule
        super().__init__(*args, **kwargs)

    def clean_threshold(self) -> Decimal:
        try:
            threshold = exact(self.cleaned_data["threshold"])
        except NotExact as error:
            raise forms.ValidationError(f"{error}.") from error
        problem = threshold_problem(self.rule, threshold)
        if problem:
            raise forms.ValidationError(f"This threshold {problem}.")
        return threshold


class SilenceForm(StrictForm):
    """Why nobody is to be told for a while, and for how long."""

    reason = forms.CharField(
        max_length=LONGEST_REASON,
        label="Why nobody needs to be told",
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )
    minutes = forms.TypedChoiceField(
        choices=list(LENGTHS.items()),
        coerce=int,
        initial=60,
        label="For how long",
        widget=forms.Select(attrs={"class": "input"}),
    )
