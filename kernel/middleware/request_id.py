"""A name for every request, in its log lines and its answer."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from structlog.contextvars import bound_contextvars

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def request_id_of(given: str) -> str:
    """The caller's own name for the request when it is sane, else one of ours."""
    return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


class RequestIdMiddleware:
    """`request.request_id`: the caller's X-Request-ID when sane, else our own."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        identity = request_id_of(request.headers.get("X-Request-ID", ""))
        request.request_id = identity  # type: ignore[attr-defined]
        with bound_contextvars(request_id=identity):
            response = self.get_response(request)
        response["X-Request-ID"] = identity
        return response
