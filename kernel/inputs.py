"""What every app's `inputs` share: the exact decimal, and reading a body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from django.core.files.uploadedfile import UploadedFile
from django.utils.datastructures import MultiValueDict
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from kernel.errors import FieldError, Invalid
from kernel.numbers import LONGEST_WHOLE, NotExact, exact, text, whole_number
from kernel.texts import REASON, composed, is_plain

# A number of JSON is read digit by digit, but not everything that writes it is exact.
EXACT = {"type": ["string", "number"], "format": "decimal", "example": "0.125"}


@extend_schema_field(EXACT)
class ExactField(serializers.Field):  # type: ignore[type-arg]
    """A decimal of the API: a string (or number of JSON) in, plain text out.

    Refuses floats, NaN, more than 18 decimals or 20 integer digits with a reason;
    `positive` also refuses zero and less.
    """

    def __init__(self, *, positive: bool = False, **kwargs: Any) -> None:
        self.positive = positive
        super().__init__(**kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        try:
            number = exact(data)
        except NotExact as error:
            raise serializers.ValidationError(f"{error}.", code="not_exact") from error
        if self.positive and number <= 0:
            raise serializers.ValidationError(
                "must be more than 0.", code="not_positive"
            )
        return number

    def to_representation(self, value: Decimal) -> str:
        return text(value)


class Verbatim(serializers.CharField):
    """A text that is taken as it was sent: a secret, or the bytes of a document."""


class WholeField(serializers.IntegerField):
    """A whole number of JSON, or its ASCII digits: no 7.0, no digits of another
    script, as `kernel.numbers.whole_number` has it everywhere."""

    def to_internal_value(self, data: Any) -> int:
        number = data if type(data) is int else None  # no bool
        if isinstance(data, str):
            number = whole_number(data)
        if number is None or abs(number) >= 10**LONGEST_WHOLE:
            raise serializers.ValidationError("must be a whole number.", "invalid")
        return number


class TrueOrFalseField(serializers.BooleanField):
    """true and false, as JSON or as the words of a form; no yes, no 1."""

    def to_internal_value(self, data: Any) -> bool:
        if data is True or data == "true":
            return True
        if data is False or data == "false":
            return False
        raise serializers.ValidationError("is true or false.", "choice")


FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")


def read_nothing(request: Request) -> None:
    """The body of a request whose address says all: no field is one of its. An empty
    form is as good as none."""
    form = (request.content_type or "").startswith(FORMS)
    plain = request._request
    data: Any = {**plain.POST, **plain.FILES} if form else request.data
    if data is not None and not isinstance(data, Mapping):
        raise Invalid("Nothing is taken here: send no body.", code="invalid")
    faults = list(_odd(data, {}))
    if faults:
        raise Invalid.of(faults)


def read_body(
    request: Request, shape: type[serializers.Serializer[Any]]
) -> dict[str, Any]:
    """The request's body as `shape` validated it; its refusal becomes a 422."""
    return read_values(request.data, shape)


def read_values(data: Any, shape: type[serializers.Serializer[Any]]) -> dict[str, Any]:
    """What was sent as `shape` has it: its fields and no others, each once, texts as
    kernel.texts keeps them. Raises Invalid and DRF's ValidationError, both a 422."""
    if not isinstance(data, Mapping):
        fault = FieldError("/", "invalid", "Send one object with its fields.")
        raise Invalid.of([fault])
    fields = shape().fields
    faults = [*_odd(data, fields), *no_texts(data, fields)]
    if faults:
        raise Invalid.of(faults)
    body = shape(data=_composed(data, fields))
    body.is_valid(raise_exception=True)
    values = cast(dict[str, Any], body.validated_data)
    faults = [
        FieldError(f"/{name}", "control", f"{REASON}.")
        for name, value in values.items()
        if not isinstance(fields[name], Verbatim) and not _is_plain(value)
    ]
    if faults:
        raise Invalid.of(faults)
    return values


def _odd(data: Any, fields: Mapping[str, Any]) -> Iterator[FieldError]:
    if not isinstance(data, Mapping):
        return
    for name in sorted(set(data) - set(fields), key=str):
        yield FieldError(f"/{name}", "unknown", "is not a field of this.")
    if isinstance(data, MultiValueDict):
        for name, values in data.lists():
            if len(values) > 1:
                yield FieldError(f"/{name}", "repeated", "stands there more than once.")


def no_texts(
    data: Any, fields: Mapping[str, Any], at: str = ""
) -> Iterator[FieldError]:
    """Numbers where a text belongs, which DRF would write out as it likes."""
    if not isinstance(data, Mapping):
        return
    for name, value in data.items():
        field, here = fields.get(name), f"{at}/{name}"
        if isinstance(field, serializers.DictField):
            keyed = value if isinstance(value, Mapping) else {}
            yield from no_texts(keyed, dict.fromkeys(keyed, field.child), here)
        elif isinstance(field, serializers.CharField) and _is_number(value):
            yield FieldError(here, "invalid", "must be a text.")


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal)


def _composed(data: Any, fields: Mapping[str, Any]) -> Any:
    """The data with every free text composed, before its length is judged."""

    def of(name: str, value: Any) -> Any:
        return value if isinstance(fields[name], Verbatim) else _compose(value)

    if isinstance(data, MultiValueDict):
        return MultiValueDict(
            {
                name: [of(name, value) for value in values]
                for name, values in data.lists()
            }
        )
    if isinstance(data, Mapping):
        return {name: of(name, value) for name, value in data.items()}
    return data


def _compose(value: Any) -> Any:
    if isinstance(value, str):
        return composed(value)
    if isinstance(value, dict):
        return {_compose(name): _compose(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_compose(inner) for inner in value]
    return value


def _is_plain(value: Any) -> bool:
    """Each text in it, and the name of an uploaded file."""
    if isinstance(value, str):
        return is_plain(value)
    if isinstance(value, UploadedFile):
        return is_plain(value.name or "")
    if isinstance(value, dict):
        return all(map(_is_plain, (*value, *value.values())))
    if isinstance(value, list):
        return all(map(_is_plain, value))
    return True
