"""What no view should ever see, and what views raise."""

from __future__ import annotations

from collections.abc import Callable
from wsgiref.types import WSGIEnvironment

from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase

from kernel.error_pages import answer_error, expected
from kernel.errors import BadRequest, LengthRequired, ProductError, TooLarge
from kernel.gateway import REFUSED
from kernel.numbers import whole_number

# Uploads have pages of their own; everything else is small.
BODY_LIMITS = {"/import": 50_000_000, "/evidence": 25_000_000}
BODY_LIMIT = 1_000_000
# Asked by balancers and engines, which know an instance by its address only.
FOR_ANY_HOST = frozenset({"/health", "/health/live", "/health/ready"})


class FramingMiddleware:
    """Refuse what cannot be framed (411), is unwanted (413) or malformed (400, a
    host that is not ours too) before anything reads the body, and answer what
    views raise: problem+json for the API, a page for people."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        refused = request.META.get(REFUSED) or refusal(request)
        return answer_error(request, refused) if refused else self.get_response(request)

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponse | None:
        known = expected(request, error)
        return answer_error(request, known) if known else None


def refuses(environ: WSGIEnvironment) -> bool:
    """Will the middleware refuse this, whatever its body is? Asked by the door."""
    return refusal(WSGIRequest(environ)) is not None


def refusal(request: HttpRequest) -> ProductError | None:
    """Why the request is not taken, known from its head alone; None when it is."""
    if request.path not in FOR_ANY_HOST:
        try:
            request.get_host()
        except DisallowedHost:
            return BadRequest("This host is not served here.", code="host")
    if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
        return BadRequest("The address holds a NUL character.", code="malformed")
    return _unframed(request)


def _unframed(request: HttpRequest) -> ProductError | None:
    length = request.headers.get("Content-Length", "")
    if length and not (length.isascii() and length.isdecimal()):
        return BadRequest("Content-Length must be a number.", code="malformed")
    if "Transfer-Encoding" in request.headers and not length:
        return LengthRequired("Send a Content-Length.", code="length_required")
    most = next(
        (limit for part, limit in BODY_LIMITS.items() if part in request.path),
        BODY_LIMIT,
    )
    if length and (whole_number(length) is None or int(length) > most):
        return TooLarge(f"At most {most:,} bytes are taken here.", code="too_large")
    return None
