"""For the way over: what stood here has rooms of its own now."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from kernel.inputs import ExactField
from kernel.json import JSONRenderer, StrictJSONParser, dumps, loads
from kernel.paging import link_headers
from kernel.problems import as_product_error, problem_handler, problem_response
from kernel.requests import check_query, limit_of
from kernel.requests import revision_of as _revision_of

__all__ = [
    "ExactField",
    "JSONRenderer",
    "StrictJSONParser",
    "as_product_error",
    "check_query",
    "dumps",
    "limit_of",
    "loads",
    "problem_handler",
    "problem_response",
]


def list_response(
    request: Request, noun: str, rows: list[Any], next_cursor: str | None, **more: Any
) -> Response:
    """{noun: [...], next_cursor} with a Link header to the next page."""
    return Response(
        {noun: rows, "next_cursor": next_cursor, **more},
        headers=link_headers(request, next_cursor),
    )


def revision_of(request: Request, body: Any) -> int:
    return _revision_of(request)
