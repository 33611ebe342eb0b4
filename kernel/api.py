"""What the API's framework is given by the kernel: who may ask, JSON, pages of lists.

Apart from what it is made of, which jobs and commands use, too: the framework is a
fifth of what they would load.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from drf_spectacular.utils import OpenApiParameter
from rest_framework import parsers, renderers
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from kernel.access import Access
from kernel.errors import TooLarge
from kernel.json import MAX_BYTES, dumps, loads

PAGE_PARAMETERS = [
    OpenApiParameter(
        "limit",
        {"type": "integer", "minimum": 1, "maximum": 500, "default": 50},
        description="How many rows at most.",
    ),
    OpenApiParameter("cursor", str, description="`next_cursor` of the page before."),
]


class AccessPermission(BasePermission):
    """DRF's side of the same attribute; a view without one is refused."""

    message = "Your role may not do this."

    def has_permission(self, request: Request, view: Any) -> bool:
        rule: Access | None = getattr(view, "access", None)
        method = request.method or "GET"
        if rule is None or rule.allows(request.user, method):
            return rule is not None
        if request.user.is_authenticated:
            raise rule.refusal(request.user, method)
        return False


class JSONRenderer(renderers.BaseRenderer):
    """orjson instead of DRF's own, for exact decimals and speed."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else dumps(data)


class StrictJSONParser(parsers.BaseParser):
    """Parses application/json with `loads`."""

    media_type = "application/json"

    def parse(
        self,
        stream: Any,
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(MAX_BYTES + 1)
        if len(body) > MAX_BYTES:
            raise TooLarge(f"The body is larger than {MAX_BYTES} bytes.")
        return loads(body)


class Listed(Protocol):
    """An answer that is one page of a list."""

    @property
    def next_cursor(self) -> str | None: ...


def page_response(request: Request, answer: Listed) -> Response:
    """The answer, with a Link header to the next page when there is one."""
    return Response(answer, headers=link_headers(request, answer.next_cursor))


def link_headers(request: Request, next_cursor: str | None) -> dict[str, str]:
    """{"Link": '<…?cursor=…>; rel="next"'}, or nothing on the last page."""
    if next_cursor is None:
        return {}
    query = request.query_params.copy()
    for place in ("before", "offset"):  # the cursor says where
        query.pop(place, None)
    query["cursor"] = next_cursor
    url = request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
    return {"Link": f'<{url}>; rel="next"'}
