"""What a request says: its query, and the revision that it changes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import RequestFactory
from rest_framework.request import Request
from rest_framework.views import APIView

from kernel.api import StrictJSONParser
from kernel.errors import (
    BadRequest,
    Conflict,
    PreconditionRequired,
    ProductError,
    Stale,
    bad_parameter,
)
from kernel.problems import problem_handler
from kernel.requests import check_query, choice_of, limit_of, revision_of


def get(query: str) -> Request:
    return Request(RequestFactory().get(f"/api/x?{query}"))


def patch(body: Any, if_match: str | None) -> Request:
    headers = {} if if_match is None else {"If-Match": if_match}
    plain = RequestFactory().patch(
        "/api/x", json.dumps(body), content_type="application/json", headers=headers
    )
    return Request(plain, parsers=[StrictJSONParser()])


def test_a_parameter_that_is_not_known_is_named() -> None:
    check_query(get("limit=1&side=buy"), "limit", "side")
    with pytest.raises(BadRequest, match="'page'; known here: limit, side") as refused:
        check_query(get("page=1&zoo=1&limit=1"), "limit", "side")
    assert [fault.pointer for fault in refused.value.errors] == ["?page", "?zoo"]
    with pytest.raises(BadRequest, match="known here: none"):
        check_query(get("page=1"))


@pytest.mark.parametrize(
    ("query", "limit"), [("", 50), ("limit=1", 1), ("limit=007", 7), ("limit=500", 500)]
)
def test_a_limit_is_1_to_500(query: str, limit: int) -> None:
    assert limit_of(get(query)) == limit


@pytest.mark.parametrize(
    "given",
    ["", "0", "501", "-1", "+5", "1.5", "x", "\u0665", "²", "5" * 19, "0" * 30 + "5"],
)  # fmt: skip
def test_any_other_limit_is_refused(given: str) -> None:
    with pytest.raises(BadRequest, match="from 1 to 500"):
        limit_of(get(f"limit={given}".replace("+", "%2B")))


def test_a_choice_is_absent_or_one_of_those_offered() -> None:
    assert choice_of(get(""), "state", ("open", "done")) == ""
    assert choice_of(get("state="), "state", ("open", "done")) == ""
    assert choice_of(get("state=done"), "state", ("open", "done")) == "done"
    with pytest.raises(BadRequest, match="state is one of open, done") as refused:
        choice_of(get("state=Done"), "state", ("open", "done"))
    assert refused.value.errors[0].pointer == "?state"


def test_a_refused_parameter_is_named_with_its_reason() -> None:
    error = bad_parameter("offset", "is 0 to 10,000")
    assert (error.detail, error.code) == ("offset is 0 to 10,000.", "parameter")
    assert error.errors[0].pointer == "?offset"


@pytest.mark.parametrize(
    ("body", "if_match", "revision"),
    [
        ({"revision": 7}, None, 7),
        ({"revision": "7"}, None, 7),
        ({}, '"7"', 7),
        ({}, "7", 7),
        ({}, 'W/"7"', 7),
        ({}, '"7;gzip"', 7),
        ({}, 'W/"7-0123456789abcdef01234567;gzip"', 7),
        ({"revision": 7}, '"7"', 7),
        ([], '"7"', 7),
        ({"revision": 0}, None, 0),
    ],
    ids=[
        "body", "text", "header", "bare header", "weak", "gzip", "a whole tag",
        "both",
        "a list", "zero",
    ],
)  # fmt: skip
def test_a_revision_is_read(body: Any, if_match: str | None, revision: int) -> None:
    assert revision_of(patch(body, if_match)) == revision


def test_two_revisions_that_differ_are_refused() -> None:
    with pytest.raises(BadRequest, match="name different ones"):
        revision_of(patch({"revision": 3}, '"7"'))


@pytest.mark.parametrize(
    ("body", "if_match", "error"),
    [
        ({}, None, PreconditionRequired),
        ([], None, PreconditionRequired),
        ({"revision": None}, None, PreconditionRequired),
        ({}, "", PreconditionRequired),
        ({"revision": True}, None, BadRequest),
        ({"revision": -1}, None, BadRequest),
        ({"revision": "x"}, None, BadRequest),
        ({"revision": [1]}, None, BadRequest),
        ({"revision": 10**30}, None, BadRequest),
        ({}, "*", BadRequest),
        ({}, '"a"', BadRequest),
        ({}, '"-0123456789abcdef01234567"', BadRequest),
        ({}, '"7-"', BadRequest),
        ({}, '"7-8"', BadRequest),
        ({}, "0001-01-01T00:00:00+23:59", BadRequest),
    ],
)
def test_a_revision_that_is_none_is_refused(
    body: Any, if_match: str | None, error: type[ProductError]
) -> None:
    with pytest.raises(error):
        revision_of(patch(body, if_match))


@pytest.mark.parametrize(
    ("error", "if_match", "status"),
    [
        (Stale("It has moved.", current={"revision": 8}), None, 409),
        (Stale("It has moved.", current={"revision": 8}), '"7"', 412),
        (Conflict("It has ended.", extra={"current": {"revision": 8}}), '"7"', 409),
    ],
    ids=["body", "If-Match", "another conflict"],
)
def test_a_stale_revision_answers_as_it_was_named(
    error: ProductError, if_match: str | None, status: int
) -> None:
    request = patch({"revision": 7}, if_match)
    response = problem_handler(error, {"request": request, "view": APIView()})
    assert response is not None
    assert response.status_code == status
    document = json.loads(response.content)
    assert document["status"] == status
    assert document["current"] == {"revision": 8}
