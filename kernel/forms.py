"""Forms that ignore nothing: what is not one of their fields is an error.

A field that is dropped in silence does the opposite of what somebody asked for: a
misspelt `dry_run` books for real.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict

from kernel.errors import FieldError, Invalid, ProductError, summary
from kernel.numbers import whole_number
from kernel.texts import REASON, composed, is_plain

TOKEN = "csrfmiddlewaretoken"  # noqa: S105 - the name of a field


class TrueOrFalse(forms.CharField):
    """The words `true` and `false`; nothing given is false. No other word counts."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def clean(self, value: Any) -> bool:
        if value not in ("true", "false", "", None):
            raise ValidationError("is true or false", code="choice")
        return bool(value == "true")


class WholeNumber(forms.IntegerField):
    """ASCII digits, as `kernel.numbers.whole_number` has them everywhere."""

    def to_python(self, value: Any) -> int | None:
        if value in self.empty_values:
            return None
        number = whole_number(str(value))
        if number is None:
            raise ValidationError("Type a whole number.", code="invalid")
        return number


class PlainForm(forms.Form):
    """Free text is composed, and refused when it holds controls (kernel.texts); but
    secrets, and the fields of `verbatim`, which are documents."""

    verbatim: frozenset[str] = frozenset()

    def clean(self) -> dict[str, Any] | None:
        for name, value in list(self.cleaned_data.items()):
            secret = isinstance(self.fields[name].widget, forms.PasswordInput)
            if secret or name in self.verbatim:
                continue
            text = value.name if isinstance(value, UploadedFile) else value
            if isinstance(text, str) and not is_plain(composed(text)):
                self.add_error(name, ValidationError(f"{REASON}.", code="control"))
            elif isinstance(value, str):
                self.cleaned_data[name] = composed(value)
        return super().clean()


class StrictForm(PlainForm):
    """An unknown field, a repeated one (but of many choices), and a text where a file
    belongs (or the other way) are errors."""

    def clean(self) -> dict[str, Any] | None:
        for name, code, reason in (*self._odd(self.data), *self._odd(self.files)):
            fault = ValidationError(
                f"{name}: {reason}", code=code, params={"name": name}
            )
            self.add_error(None, fault)
        return super().clean()

    def _odd(self, given: Any) -> Iterator[tuple[str, str, str]]:
        files = given is self.files
        for name in sorted(set(given) - {TOKEN}):
            field = self.fields.get(name)
            if field is None:
                yield name, "unknown", "is not a field of this"
            elif isinstance(field, forms.FileField) is not files:
                yield name, "invalid", "is no file" if files else "must be a file"
            elif self._is_repeated(given, name):
                yield name, "repeated", "stands there more than once"

    def _is_repeated(self, given: Any, name: str) -> bool:
        if isinstance(self.fields[name], forms.MultipleChoiceField):
            return False
        return isinstance(given, MultiValueDict) and len(given.getlist(name)) > 1

    def check(self) -> dict[str, Any]:
        """The clean values. Raises Invalid with every fault and its field."""
        if self.is_valid():
            return self.cleaned_data
        faults = list(self._faults())
        raise Invalid(summary(faults), code="invalid", errors=faults)

    def tell(self, error: ProductError) -> None:
        """Say what a service refused at its field, else above the form."""
        if not error.errors:
            self.add_error(None, error.detail)
        for fault in error.errors:
            name = fault.pointer.strip("/")
            self.add_error(name if name in self.fields else None, fault.detail)

    def _faults(self) -> Iterator[FieldError]:
        for name, errors in self.errors.as_data().items():
            for error in errors:
                text = str(error.message)
                field = name
                if name == NON_FIELD_ERRORS:
                    field = str((error.params or {}).get("name", ""))
                    text = text.removeprefix(f"{field}: ")
                yield FieldError(f"/{field}", error.code or "invalid", text)
