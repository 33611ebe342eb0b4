"""The comparison itself: what it must refuse, one reason a line."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api_schema.strict import Comparison, is_free

DOCUMENT: dict[str, Any] = {
    "components": {
        "schemas": {
            "Price": {
                "type": "object",
                "properties": {
                    "price": {"type": "string", "format": "decimal"},
                    "at": {"type": ["string", "null"], "format": "date-time"},
                    "lots": {"type": "array", "items": {"type": "integer"}},
                },
            },
            "Fill": {
                "type": "object",
                "required": ["price", "at", "side", "fee"],
                "properties": {
                    "price": {"type": "string", "format": "decimal"},
                    "fee": {"type": "string"},
                    "at": {"type": ["string", "null"], "format": "date-time"},
                    "side": {"type": "string", "enum": ["buy", "sell"]},
                    "lots": {"type": "array", "items": {"type": "integer"}},
                    "last": {
                        "oneOf": [
                            {"$ref": "#/components/schemas/Fill"},
                            {"type": "null"},
                        ]
                    },
                    "reasons": {
                        "type": "object",
                        "additionalProperties": {"type": "string"},
                    },
                },
            },
        }
    }
}
FILL = {"$ref": "#/components/schemas/Fill"}
GOOD = {"price": "1.50", "fee": "0", "at": "2026-03-01T09:00:00Z", "side": "buy"}


def problems(**change: Any) -> list[str]:
    return list(Comparison(DOCUMENT).problems({**GOOD, **change}, FILL))


def test_what_fits_has_no_problem() -> None:
    whole = {"lots": [1], "last": {**GOOD, "last": None}, "reasons": {"a": "b"}}
    assert problems() == []
    assert problems(at=None, **whole) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"colour": "red"}, ".colour: not in the schema"),
        ({"price": 1.5}, ".price: 1.5 is no string"),
        ({"price": None}, ".price: None is no string"),
        ({"price": "1E+2"}, ".price: '1E+2' is no decimal"),
        ({"price": "01"}, ".price: '01' is no decimal"),
        ({"fee": "0E-8"}, ".fee: '0E-8' is no plain number"),
        ({"fee": "2026-03-01T09:00:00+00:00"}, "is a time without Z"),
        ({"at": "2026-03-01T09:00:00+00:00"}, "is no date-time"),
        ({"side": "short"}, "'short' is none of ['buy', 'sell']"),
        ({"lots": [1, "2"]}, ".lots[1]: '2' is no integer"),
        ({"lots": [True]}, ".lots[0]: True is no integer"),
        ({"lots": None}, ".lots: None is no array"),
        ({"last": {"price": "1"}}, ".last.at: missing"),
        ({"last": "none"}, ".last: 'none' is no"),
        ({"reasons": {"fee": 1}}, ".reasons.fee: 1 is no string"),
    ],
    ids=lambda value: str(value) if isinstance(value, dict) else "",
)
def test_refused(change: dict[str, Any], expected: str) -> None:
    assert any(expected in problem for problem in problems(**change))


@pytest.mark.parametrize("name", ["price", "at", "side", "fee"])
def test_a_missing_field_is_named(name: str) -> None:
    rest = {key: value for key, value in GOOD.items() if key != name}
    assert list(Comparison(DOCUMENT).problems(rest, FILL)) == [f".{name}: missing"]


def test_a_word_it_does_not_know_is_an_error() -> None:
    with pytest.raises(AssertionError, match="not"):
        list(Comparison(DOCUMENT).problems("x", {"not": {"type": "string"}}))


def test_it_remembers_what_it_met() -> None:
    schema = {"type": "array", "items": DOCUMENT["components"]["schemas"]["Price"]}
    comparison = Comparison(DOCUMENT)
    list(comparison.problems([{"price": "1", "at": None, "lots": []}], schema))
    declared = {place for place, _ in comparison.declared(schema)}
    assert comparison.met == {"", "[]", "[].price", "[].lots"}
    assert declared - comparison.met == {"[].at", "[].lots[]"}


@pytest.mark.parametrize("schema", [{}, {"type": "object"}, {"description": "any"}])
def test_free(schema: dict[str, Any]) -> None:
    assert is_free(schema)
    assert not is_free({"type": "object", "properties": {}})
