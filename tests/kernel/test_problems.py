"""Everybody's errors as ours, and the faults of fields by JSON pointer."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions, serializers

from kernel import errors
from kernel.errors import FieldError, Invalid, ProductError, Stale, summary
from kernel.inputs import ExactField
from kernel.problems import as_product_error, problem


@pytest.mark.parametrize(
    ("raised", "kind", "status", "code"),
    [
        (errors.Conflict("It is.", code="mine"), errors.Conflict, 409, "mine"),
        (exceptions.NotAuthenticated(), errors.NotAuthenticated, 401, "not_authenticated"),
        (exceptions.AuthenticationFailed(), errors.NotAuthenticated, 401, "not_authenticated"),
        (exceptions.PermissionDenied(), errors.Forbidden, 403, "role"),
        (PermissionDenied("why"), errors.Forbidden, 403, "role"),
        (Http404("what"), errors.NotFound, 404, "not_found"),
        (exceptions.NotFound(), errors.NotFound, 404, "not_found"),
        (exceptions.MethodNotAllowed("PUT"), ProductError, 405, "method_not_allowed"),
        (exceptions.ParseError("no"), ProductError, 400, "parse_error"),
        (exceptions.UnsupportedMediaType("x"), ProductError, 415, "unsupported_media_type"),
        (exceptions.ValidationError("no"), errors.Invalid, 422, "invalid"),
    ],
    ids=lambda value: value.__name__ if isinstance(value, type) else None,
)  # fmt: skip
def test_an_error_becomes_ours(
    raised: Exception, kind: type[ProductError], status: int, code: str
) -> None:
    mine = as_product_error(raised)
    assert type(mine) is kind
    assert (mine.status, mine.code) == (status, code)


def test_what_nobody_expected_stays_unexpected() -> None:
    assert as_product_error(RuntimeError("secret")) is None


@pytest.mark.parametrize(("wait", "seconds"), [(None, 1), (0.2, 1), (12, 12)])
def test_a_throttle_says_when_again(wait: float | None, seconds: int) -> None:
    mine = as_product_error(exceptions.Throttled(wait=wait))
    assert mine is not None
    assert (mine.status, mine.retry_after) == (429, seconds)


class Leg(serializers.Serializer[Any]):
    price = ExactField(positive=True)
    note = serializers.CharField(max_length=3, required=False)


class Bundle(serializers.Serializer[Any]):
    name = serializers.CharField()
    legs = Leg(many=True)

    def validate_name(self, value: str) -> str:
        if value == "taken":
            raise serializers.ValidationError("is taken", code="taken")
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs["legs"]) > 1:
            raise serializers.ValidationError("one leg at most", code="legs")
        return attrs


GOOD = {"price": "1"}


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("/name", "required"), ("/legs", "required")]),
        ({"name": "taken", "legs": [GOOD]}, [("/name", "taken")]),
        ({"name": "a", "legs": [GOOD, GOOD]}, [("/", "legs")]),
        (
            {"name": "a", "legs": [GOOD, {"price": "0", "note": "long"}]},
            [("/legs/1/price", "not_positive"), ("/legs/1/note", "max_length")],
        ),
        ({"name": "a", "legs": [{"price": 0.5}]}, [("/legs/0/price", "not_exact")]),
        ({"name": "a", "legs": "x"}, [("/legs", "not_a_list")]),
    ],
    ids=["missing", "a field's rule", "the whole's rule", "in a row", "float", "no list"],
)  # fmt: skip
def test_every_fault_has_its_pointer(
    body: dict[str, Any], faults: list[tuple[str, str]]
) -> None:
    given = Bundle(data=body)
    with pytest.raises(exceptions.ValidationError) as refused:
        given.is_valid(raise_exception=True)
    mine = as_product_error(refused.value)
    assert mine is not None
    assert [(fault.pointer, fault.code) for fault in mine.errors] == faults
    assert mine.detail


def test_a_summary_names_the_first_faults() -> None:
    faults = [FieldError(f"/rows/{n}/price", "range", f"is {n}") for n in range(5)]
    assert summary(faults) == (
        "rows/0/price: is 0; rows/1/price: is 1; rows/2/price: is 2"
    )
    assert summary(faults, most=1) == "rows/0/price: is 0"
    assert summary([]) == ""
    error = Invalid.of(faults)
    assert (error.status, error.code) == (422, "invalid")
    assert error.detail == summary(faults)
    assert list(error.errors) == faults


def test_a_document_says_what_where_and_for_whom() -> None:
    error = Stale("It has moved.", current={"revision": 8})
    assert problem(error, instance="/api/x", request_id="r1") == {
        "type": "urn:rrr:problem:stale_revision",
        "title": "It has changed meanwhile",
        "status": 409,
        "detail": "It has moved.",
        "instance": "/api/x",
        "errors": [],
        "request_id": "r1",
        "current": {"revision": 8},
    }


def test_an_error_without_a_code_is_named_by_its_status() -> None:
    document = problem(errors.NotFound("Gone."), instance="/", request_id="")
    assert document["type"] == "urn:rrr:problem:404"
