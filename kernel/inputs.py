"""What every app's `inputs` share: the exact decimal, and reading a body."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, cast

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request

from kernel.numbers import NotExact, exact, text


@extend_schema_field({"type": "string", "format": "decimal", "example": "0.125"})
class ExactField(serializers.Field):  # type: ignore[type-arg]
    """A decimal of the API: a string (or whole number) in, plain text out.

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


def read_body(
    request: Request, shape: type[serializers.Serializer[Any]]
) -> dict[str, Any]:
    """The request's body as `shape` validated it; its refusal becomes a 422."""
    given = shape(data=request.data)
    given.is_valid(raise_exception=True)
    return cast(dict[str, Any], given.validated_data)
