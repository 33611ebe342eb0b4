"""What people type on operations' pages."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms

from kernel.forms import StrictForm, WholeNumber
from kernel.numbers import NotExact, exact
from operations.domain.rules import threshold_problem
from operations.domain.schedules import PAUSES
from operations.domain.silences import LENGTHS
from operations.domain.spans import LONGEST_REASON


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


def _reason(label: str) -> forms.CharField:
    return forms.CharField(
        max_length=LONGEST_REASON,
        label=label,
        widget=forms.TextInput(attrs={"class": "input", "autocomplete": "off"}),
    )


def _length(choices: Mapping[int, str]) -> forms.TypedChoiceField:
    """So many minutes, one of these."""
    return forms.TypedChoiceField(
        choices=list(choices.items()),
        coerce=int,
        initial=60,
        label="For how long",
        widget=forms.Select(attrs={"class": "input"}),
    )


class SilenceForm(StrictForm):
    """Why nobody is to be told for a while, and for how long."""

    reason = _reason("Why nobody needs to be told")
    minutes = _length(LENGTHS)


class PauseForm(StrictForm):
    """Why a job is to rest, and for how long."""

    reason = _reason("Why it should rest")
    minutes = _length(PAUSES)
