"""An answer of the API is declared once: a frozen dataclass.

    @dataclass(frozen=True, kw_only=True)
    class Trade(Answer):
        id: str
        price: Decimal
        note: Annotated[str | None, "what the person wrote"]

`kernel.json.dumps` writes its fields in this order, the page reads its attributes,
and the OpenAPI component named `Trade` is derived here from the type hints:
`@extend_schema(responses=Trade)`. Every field is always there; what may be missing
is `| None` and then null.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from django.db.models import TextChoices
from drf_spectacular.extensions import OpenApiSerializerExtension
from drf_spectacular.openapi import AutoSchema

Schema = dict[str, Any]
Refer = Callable[[type[Any]], Schema]

PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    float: {"type": "number", "format": "double"},
    Decimal: {"type": "string", "format": "decimal"},
    datetime: {"type": "string", "format": "date-time"},
    date: {"type": "string", "format": "date"},
    UUID: {"type": "string", "format": "uuid"},
    NoneType: {"type": "null"},
    object: {},
    Any: {},
}
LISTS = (list, tuple, Sequence)
MAPPINGS = (dict, Mapping)
UNIONS = (Union, UnionType)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Base of every answer; subclasses are declared with the same two words."""

    @property
    def told_at(self) -> datetime | None:
        """The moment for which it was told; None where it does not say."""
        moment: datetime | None = getattr(self, "timestamp", None)
        return moment


class NotDescribable(TypeError):
    """An answer is declared in a way that no schema could tell a client."""


class AnswerExtension(OpenApiSerializerExtension):  # type: ignore[no-untyped-call]
    """Lets drf-spectacular take the class of an answer where it takes a serializer."""

    target_class = Answer
    match_subclasses = True

    def get_name(self, auto_schema: AutoSchema, direction: Any) -> str:
        return str(self.target.__name__)

    def map_serializer(self, auto_schema: AutoSchema, direction: Any) -> Schema:
        return component(
            self.target,
            refer=lambda answer: dict(
                auto_schema.resolve_serializer(answer, direction).ref
            ),
        )


def component(answer: type[Answer], *, refer: Refer) -> Schema:
    """The schema of one answer; `refer` gives the $ref of another.

    Raises NotDescribable, naming the field.
    """
    _refuse_undeclared(answer)
    hints = get_type_hints(answer, include_extras=True)
    properties = {}
    for field in fields(answer):
        try:
            properties[field.name] = described(hints[field.name], refer=refer)
        except NotDescribable as error:
            raise NotDescribable(f"{answer.__name__}.{field.name}: {error}") from None
    schema: Schema = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
    }
    description = inspect.cleandoc(answer.__doc__ or "")
    # A dataclass without a docstring gets its signature for one.
    if not description.startswith(f"{answer.__name__}("):
        schema["description"] = description
    return schema


def _refuse_undeclared(answer: type[Answer]) -> None:
    own = vars(answer).get("__dataclass_params__")
    if own is None or not own.frozen or not all(f.kw_only for f in fields(answer)):
        raise NotDescribable(
            f"{answer.__name__} is no @dataclass(frozen=True, kw_only=True)"
        )


def described(hint: Any, *, refer: Refer) -> Schema:
    """The schema of one type hint. Raises NotDescribable for what has none."""
    if hint in PLAIN:
        return dict(PLAIN[hint])
    if isinstance(hint, type):
        return _of_class(hint, refer)
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        texts = [note for note in inner[1:] if isinstance(note, str)]
        return {**described(inner[0], refer=refer), "description": " ".join(texts)}
    if origin in UNIONS:
        return _of_union(inner, refer)
    if origin is Literal:
        return _choices(inner)
    if origin in MAPPINGS:
        return {
            "type": "object",
            "additionalProperties": described(inner[1], refer=refer),
        }
    if origin is tuple and inner[-1] is not Ellipsis:
        return {
            "type": "array",
            "prefixItems": [described(each, refer=refer) for each in inner],
            "minItems": len(inner),
            "maxItems": len(inner),
        }
    if origin in LISTS:
        return {"type": "array", "items": described(inner[0], refer=refer)}
    raise NotDescribable(f"{hint!r} has no schema")


def _of_class(hint: type, refer: Refer) -> Schema:
    if issubclass(hint, Answer):
        return dict(refer(hint))
    if issubclass(hint, StrEnum | TextChoices):
        return _choices([member.value for member in hint])
    if is_dataclass(hint):
        raise NotDescribable(f"{hint.__name__} is a dataclass, but no Answer")
    raise NotDescribable(f"{hint.__name__} has no schema")


def _choices(values: Sequence[Any]) -> Schema:
    kinds = {type(value) for value in values}
    if kinds == {str}:
        return {"enum": list(values), "type": "string"}
    if kinds == {int}:
        return {"enum": list(values), "type": "integer"}
    raise NotDescribable(f"{values!r} are choices of several types")


def _of_union(members: Sequence[Any], refer: Refer) -> Schema:
    """`X | None` as OpenAPI 3.1 says it: one more type, or one more schema."""
    some = [described(each, refer=refer) for each in members if each is not NoneType]
    if NoneType not in members:
        return {"anyOf": some}
    if len(some) > 1:
        return {"anyOf": [*some, {"type": "null"}]}
    schema = some[0]
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    if "type" in schema:
        return {**schema, "type": [schema["type"], "null"]}
    return {"oneOf": [schema, {"type": "null"}]} if schema else {}
