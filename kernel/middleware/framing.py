"""What no view should ever see, and what views raise."""

from __future__ import annotations

from collections.abc import Callable
from wsgiref.types import WSGIEnvironment

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import parse_header_parameters

from kernel.error_pages import answer_error, expected
from kernel.errors import (
    BadRequest,
    LengthRequired,
    ProductError,
    TooLarge,
    UnsupportedMediaType,
)
from kernel.gateway import REFUSED
from kernel.numbers import whole_number
from kernel.uploads import most_bytes, shows_who_asks
from kernel.web import asked_view, client_network, is_api

# Their senders are not ours to teach: they are taken for what is known of them.
FROM_FOREIGNERS = frozenset({settings.CSP_REPORT_PATH, "/api/operations/alertmanager"})
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
UTF_8 = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
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


def caller(environ: WSGIEnvironment) -> str:
    """Whom the door counts a body to: the address that limits count, too."""
    return client_network(WSGIRequest(environ))


def refusal(request: HttpRequest) -> ProductError | None:
    """Why the request is not taken, known from its head alone; None when it is."""
    if request.path not in FOR_ANY_HOST:
        try:
            request.get_host()
        except DisallowedHost:
            return BadRequest("This host is not served here.", code="host")
    query = request.META.get("QUERY_STRING", "")
    if "\0" in request.path or "%00" in query:
        return BadRequest("The address holds a NUL character.", code="malformed")
    if query and _changes(request) and request.path not in FROM_FOREIGNERS:
        return BadRequest(
            "What is changed here stands in the body: no query parameter is known.",
            code="unknown_parameter",
        )
    return _unframed(request) or _foreign_text(request)


def _changes(request: HttpRequest) -> bool:
    """Does a program ask to change something, where that can be done? Elsewhere a 405
    says more than a fault of the query."""
    if not is_api(request.path) or request.method in SAFE:
        return False
    view = asked_view(request)
    return not isinstance(view, type) or hasattr(view, str(request.method).lower())


def _foreign_text(request: HttpRequest) -> ProductError | None:
    """Django would read a form in whatever charset it claims, utf-7 included, and what
    is said to be compressed as if it were not."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        return UnsupportedMediaType(
            "Send it as it is, without Content-Encoding.", code="encoding"
        )
    _, named = parse_header_parameters(request.headers.get("Content-Type", ""))
    charset = named.get("charset", "utf-8")
    if charset.lower() not in UTF_8:
        return UnsupportedMediaType("Send UTF-8.", code="charset")
    return None


def _unframed(request: HttpRequest) -> ProductError | None:
    length = request.headers.get("Content-Length", "")
    if length and "Transfer-Encoding" in request.headers:
        return BadRequest(
            "Content-Length and Transfer-Encoding contradict each other.",
            code="malformed",
        )
    if length and not (length.isascii() and length.isdecimal()):
        return BadRequest("Content-Length must be a number.", code="malformed")
    if "Transfer-Encoding" in request.headers and not length:
        return LengthRequired("Send a Content-Length.", code="length_required")
    return _too_large(request, length) if length else None


def _too_large(request: HttpRequest, length: str) -> ProductError | None:
    most, size = most_bytes(request), whole_number(length)
    if size is not None and size <= most:
        return None
    detail = f"At most {most:,} bytes are taken here."
    if not shows_who_asks(request):
        detail = f"Log in first: of strangers at most {most:,} bytes are taken."
    return TooLarge(detail, code="too_large")
