"""An answer is declared once: the table says what JSON and OpenAPI make of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, make_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from django.db.models import TextChoices
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from kernel.json import dumps
from kernel.schema import Answer, NotDescribable, component


class Side(StrEnum):
    BUY = "buy"
    SELL = "sell"


class State(TextChoices):
    OPEN = "open", "Open"
    DONE = "done", "Done"


@dataclass(frozen=True, kw_only=True)
class Leg(Answer):
    price: Decimal
    side: Side


@dataclass(frozen=True, kw_only=True)
class Bundle(Answer):
    """What was sold together."""

    zebra: Annotated[str, "named last, told first"]
    legs: list[Leg]
    best: Leg | None


REF = {"$ref": "#/components/schemas/Leg"}
TEXT = {"type": "string"}
LEG = Leg(price=Decimal("1.50"), side=Side.BUY)
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
UID = UUID("12345678-1234-5678-1234-567812345678")
CASES: list[tuple[str, Any, dict[str, Any], Any, str]] = [
    ("text", str, TEXT, "a", '"a"'),
    ("whole number", int, {"type": "integer"}, 7, "7"),
    ("yes or no", bool, {"type": "boolean"}, True, "true"),
    ("statistic", float, {"type": "number", "format": "double"}, 0.5, "0.5"),
    (
        "exact decimal",
        Decimal,
        {"type": "string", "format": "decimal"},
        Decimal("1E+3"),
        '"1000"',
    ),
    (
        "time",
        datetime,
        {"type": "string", "format": "date-time"},
        AT,
        '"2026-01-02T03:04:05Z"',
    ),
    (
        "day",
        date,
        {"type": "string", "format": "date"},
        date(2026, 1, 2),
        '"2026-01-02"',
    ),
    ("uuid", UUID, {"type": "string", "format": "uuid"}, UID, f'"{UID}"'),
    ("always nothing", None, {"type": "null"}, None, "null"),
    ("anything", Any, {}, {"a": [None]}, '{"a":[null]}'),
    ("object", object, {}, 1, "1"),
    ("text or nothing", str | None, {"type": ["string", "null"]}, None, "null"),
    (
        "decimal or nothing",
        Decimal | None,
        {"type": ["string", "null"], "format": "decimal"},
        Decimal("-0.00"),
        '"0"',
    ),
    ("anything or nothing", Any | None, {}, None, "null"),
    ("enum", Side, {"enum": ["buy", "sell"], "type": "string"}, Side.BUY, '"buy"'),
    (
        "enum or nothing",
        Side | None,
        {"enum": ["buy", "sell", None], "type": ["string", "null"]},
        None,
        "null",
    ),
    (
        "choices of a model",
        State,
        {"enum": ["open", "done"], "type": "string"},
        State.DONE,
        '"done"',
    ),
    (
        "literal texts",
        Literal["P0", "P1"],
        {"enum": ["P0", "P1"], "type": "string"},
        "P0",
        '"P0"',
    ),
    ("literal numbers", Literal[1, 2], {"enum": [1, 2], "type": "integer"}, 2, "2"),
    ("list", list[str], {"type": "array", "items": TEXT}, ["a"], '["a"]'),
    ("tuple", tuple[str, ...], {"type": "array", "items": TEXT}, ("a",), '["a"]'),
    (
        "pair",
        tuple[str, int],
        {
            "type": "array",
            "prefixItems": [TEXT, {"type": "integer"}],
            "minItems": 2,
            "maxItems": 2,
        },
        ("a", 1),
        '["a",1]',
    ),
    (
        "mapping",
        Mapping[str, Decimal],
        {
            "type": "object",
            "additionalProperties": {"type": "string", "format": "decimal"},
        },
        {"a": Decimal("0.10")},
        '{"a":"0.1"}',
    ),
    (
        "dict of lists",
        dict[str, list[int]],
        {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {"type": "integer"}},
        },
        {"a": [1]},
        '{"a":[1]}',
    ),
    ("another answer", Leg, REF, LEG, '{"price":"1.5","side":"buy"}'),
    (
        "another answer or nothing",
        Leg | None,
        {"oneOf": [REF, {"type": "null"}]},
        None,
        "null",
    ),
    (
        "answers in a list",
        list[Leg],
        {"type": "array", "items": REF},
        [LEG],
        '[{"price":"1.5","side":"buy"}]',
    ),
    (
        "one of two",
        str | Leg,
        {"anyOf": [TEXT, REF]},
        "a",
        '"a"',
    ),
    (
        "one of two or nothing",
        str | Leg | None,
        {"anyOf": [TEXT, REF, {"type": "null"}]},
        None,
        "null",
    ),
    (
        "with words",
        Annotated[str | None, "what the person wrote"],
        {"type": ["string", "null"], "description": "what the person wrote"},
        "a",
        '"a"',
    ),
]


def refer(answer: type[Any]) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{answer.__name__}"}


@pytest.mark.parametrize(
    ("hint", "schema", "value", "text"),
    [case[1:] for case in CASES],
    ids=[case[0] for case in CASES],
)
def test_a_type_has_one_schema_and_one_json(
    hint: Any, schema: dict[str, Any], value: Any, text: str
) -> None:
    one = make_dataclass(
        "One", [("field", hint)], bases=(Answer,), frozen=True, kw_only=True
    )
    assert component(one, refer=refer)["properties"]["field"] == schema
    assert dumps(value).decode() == text


def test_an_answer_keeps_its_declared_order_and_requires_every_field() -> None:
    bundle = Bundle(zebra="z", legs=[LEG], best=None)
    assert dumps(bundle) == (
        b'{"zebra":"z","legs":[{"price":"1.5","side":"buy"}],"best":null}'
    )
    schema = component(Bundle, refer=refer)
    assert schema["required"] == ["zebra", "legs", "best"]
    assert list(schema["properties"]) == schema["required"]
    assert schema["description"] == "What was sold together."
    assert "description" not in component(Leg, refer=refer), "a signature is no text"


@dataclass(frozen=True, kw_only=True)
class Stranger:
    price: Decimal


@pytest.mark.parametrize(
    ("hint", "reason"),
    [
        (Stranger, "a dataclass, but no Answer"),
        (bytes, "bytes has no schema"),
        (set[str], "has no schema"),
        (Literal["a", 1], "several types"),
        (list[bytes], "bytes has no schema"),
    ],
)
def test_what_no_schema_could_tell_is_refused_by_its_field(
    hint: Any, reason: str
) -> None:
    odd = make_dataclass(
        "Odd", [("field", hint)], bases=(Answer,), frozen=True, kw_only=True
    )
    with pytest.raises(NotDescribable, match=f"Odd.field: .*{reason}"):
        component(odd, refer=refer)


class Undecorated(Answer):
    price: Decimal


@dataclass(frozen=True)
class Positional(Answer):
    price: Decimal


@pytest.mark.parametrize("answer", [Undecorated, Positional])
def test_an_answer_is_a_frozen_dataclass_of_keywords(answer: type[Answer]) -> None:
    with pytest.raises(NotDescribable, match=r"no @dataclass\(frozen=True, kw_only"):
        component(answer, refer=refer)


def test_a_view_names_the_class_where_it_would_name_a_serializer() -> None:
    class View(APIView):
        @extend_schema(responses=Bundle)
        def get(self, request: Request) -> Response:
            raise NotImplementedError

        @extend_schema(request=None, responses={201: Leg})
        def post(self, request: Request) -> Response:
            raise NotImplementedError

    generator = SchemaGenerator(patterns=[path("x", View.as_view())])
    document = json.loads(json.dumps(generator.get_schema(public=True)))
    schemas = document["components"]["schemas"]
    assert schemas["Leg"]["required"] == ["price", "side"]
    assert schemas["Bundle"]["properties"]["legs"]["items"] == REF
    answers = document["paths"]["/x"]
    shown = answers["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert shown == {"$ref": "#/components/schemas/Bundle"}
    made = answers["post"]["responses"]["201"]["content"]["application/json"]["schema"]
    assert made == REF
