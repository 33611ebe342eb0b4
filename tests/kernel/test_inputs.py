"""The exact decimal of a body: what is taken, and why the rest is not."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from kernel.api import StrictJSONParser
from kernel.errors import Invalid
from kernel.inputs import ExactField, read_body


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ("0.125", "0.125"), ("-1", "-1"), (" 7 ", "7"), (7, "7"), ("1e3", "1000"),
        ("0.000000000000000001", "0.000000000000000001"), ("0.10000", "0.1"),
        ("99999999999999999999", "99999999999999999999"), ("-0", "0"),
    ],
)  # fmt: skip
def test_an_exact_number_is_taken(given: Any, number: str) -> None:
    assert ExactField().run_validation(given) == Decimal(number)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (0.5, "send it as a string"),
        (True, "send it as a string"),
        ([], "send it as a string"),
        ({}, "send it as a string"),
        ("", "not a number"),
        ("1,5", "not a number"),
        ("0x10", "not a number"),
        ("NaN", "not a number"),
        ("-Infinity", "not a number"),
        ("100000000000000000000", "20 digits before the point"),
        ("0.0000000000000000001", "more than 18 decimals"),
        (None, "may not be null"),
    ],
)
def test_any_other_is_refused_with_a_reason(given: Any, reason: str) -> None:
    with pytest.raises(serializers.ValidationError, match=reason):
        ExactField().run_validation(given)


@pytest.mark.parametrize("given", ["0", "-0.1", 0])
def test_where_it_must_be_positive_nothing_else_is(given: Any) -> None:
    with pytest.raises(serializers.ValidationError, match="must be more than 0"):
        ExactField(positive=True).run_validation(given)
    assert ExactField(positive=True).run_validation("0.1") == Decimal("0.1")


class Shape(serializers.Serializer[Any]):
    price = ExactField()


def asked(body: Any) -> Request:
    plain = APIRequestFactory().post("/api/x", body, format="json")
    return Request(plain, parsers=[StrictJSONParser()])


def test_a_body_is_read_by_its_shape() -> None:
    assert read_body(asked({"price": "1.50"}), Shape) == {"price": Decimal("1.50")}
    # A number of strict JSON never was a float.
    assert read_body(asked({"price": 0.1}), Shape) == {"price": Decimal("0.1")}


@pytest.mark.parametrize("body", [{}, {"price": None}, {"price": [1]}])
def test_a_body_of_another_shape_is_refused(body: Any) -> None:
    with pytest.raises(serializers.ValidationError):
        read_body(asked(body), Shape)


@pytest.mark.parametrize("body", [[], "x", 7])
def test_what_has_no_fields_is_refused(body: Any) -> None:
    with pytest.raises(Invalid) as refused:
        read_body(asked(body), Shape)
    assert str(refused.value) == "Send one object with its fields."


class Said(serializers.Serializer[Any]):
    text = serializers.CharField(required=False)
    words = serializers.DictField(child=serializers.CharField(), required=False)


@pytest.mark.parametrize("number", [0, 1.5, 10**30])
def test_a_number_is_no_text(number: float) -> None:
    with pytest.raises(Invalid, match="must be a text"):
        read_body(asked({"text": number}), Said)
    with pytest.raises(Invalid, match="must be a text"):
        read_body(asked({"words": {"a": "b", "c": number}}), Said)
