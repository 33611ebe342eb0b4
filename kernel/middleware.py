"""The outer layers: request id, headers, framing, and errors as people read them."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import (
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
)
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode
from structlog.contextvars import bound_contextvars

from kernel.errors import (
    BadRequest,
    LengthRequired,
    ProductError,
    TooLarge,
    Unavailable,
)
from kernel.problems import as_product_error, problem_response
from kernel.web import wanted_part

T = TypeVar("T", bound=HttpResponseBase)
Next = Callable[[HttpRequest], HttpResponseBase]
logger = logging.getLogger("rrr.request")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
API_PREFIXES = ("/api/", "/health", "/metrics", "/openapi.json")
# Uploads have pages of their own; everything else is small.
BODY_LIMITS = {"/import": 50_000_000, "/evidence": 25_000_000}
BODY_LIMIT = 1_000_000
VARY = ("HX-Request", "HX-Request-Type", "HX-Target")


def is_api(path: str) -> bool:
    return path.startswith(API_PREFIXES)


class RequestIdMiddleware:
    """`request.request_id`: the caller's X-Request-ID when sane, else our own."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-ID", "")
        request.request_id = (  # type: ignore[attr-defined]
            given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        )
        identity: str = request.request_id  # type: ignore[attr-defined]
        with bound_contextvars(request_id=identity):
            response = self.get_response(request)
        response["X-Request-ID"] = identity
        return response


class HeadersMiddleware:
    """Security headers that Django has no setting for, on every answer."""

    HEADERS = {
        "X-XSS-Protection": "0",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        for name, value in self.HEADERS.items():
            response.setdefault(name, value)
        if settings.SECURE_HSTS_SECONDS:
            response.setdefault(
                "Strict-Transport-Security",
                f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains",
            )
        # Pages show money and names: nothing of them stays in a cache. Static files
        # and the schema have said otherwise before they come by here.
        response.setdefault("Cache-Control", "no-store")
        return response


class ContentPolicyMiddleware(CSPMiddleware):
    """django-csp, with Trusted Types on our own pages only: the admin site's own
    scripts do not know them."""

    WITHOUT_TRUSTED_TYPES = ("/admin/",)

    def get_policy_parts(
        self,
        request: HttpRequest,
        response: HttpResponseBase,
        report_only: bool = False,
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path.startswith(self.WITHOUT_TRUSTED_TYPES):
            off = {"require-trusted-types-for": None, "trusted-types": None}
            parts.replace = {**(parts.replace or {}), **off}
        return parts


class FramingMiddleware:
    """Refuse what cannot be framed (411), is unwanted (413) or malformed (400, a
    host that is not ours too) before anything reads the body, and answer what
    views raise: problem+json for the API, a page for people."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        refused = self._refusal(request)
        return answer_error(request, refused) if refused else self.get_response(request)

    def _refusal(self, request: HttpRequest) -> ProductError | None:
        try:
            request.get_host()
        except DisallowedHost:
            return BadRequest("This host is not served here.", code="host")
        if "\0" in request.path or "%00" in request.META.get("QUERY_STRING", ""):
            return BadRequest("The address holds a NUL character.", code="malformed")
        return self._unframed(request)

    def _unframed(self, request: HttpRequest) -> ProductError | None:
        length = request.headers.get("Content-Length", "")
        if "Transfer-Encoding" in request.headers and not length:
            return LengthRequired("Send a Content-Length.", code="length_required")
        most = next(
            (limit for part, limit in BODY_LIMITS.items() if part in request.path),
            BODY_LIMIT,
        )
        if length.isdecimal() and int(length) > most:
            return TooLarge(f"At most {most:,} bytes are taken here.", code="too_large")
        return None

    def process_exception(
        self, request: HttpRequest, error: Exception
    ) -> HttpResponse | None:
        known = expected(request, error)
        return answer_error(request, known) if known else None


def expected(request: HttpRequest, error: BaseException | None) -> ProductError | None:
    """Our error for what a view, or a middleware inside the handlers, raised; None
    for what nobody expected. A database that does not answer is a 503."""
    if isinstance(error, OperationalError | InterfaceError):
        # One line: in an outage each request comes by here, and none has other news.
        logger.error(
            "the database does not answer: %s", error, extra={"path": request.path}
        )
        words = "The database is not answering."
        if request.method not in {"GET", "HEAD"}:
            words += " Check whether your change arrived before you repeat it."
        return Unavailable(words, code="database", retry_after=5)
    if isinstance(error, RequestDataTooBig):
        return TooLarge("That is more than is taken here.", code="too_large")
    if isinstance(error, Http404 | PermissionDenied | ProductError):
        return as_product_error(error)
    return None


def answer_error(request: HttpRequest, error: ProductError) -> HttpResponse:
    """The error for whoever asked: a client, an htmx fragment, or a person."""
    if is_api(request.path):
        return problem_response(request, error)
    return error_page(request, error)


def error_page(request: HttpRequest, error: ProductError) -> HttpResponse:
    """errors/base.html needs no user, session, query or script."""
    context: dict[str, Any] = {
        "problem": error,
        "request_id": getattr(request, "request_id", ""),
        "path": request.path,
        "retry": request.method in {"GET", "HEAD"},
        "rrr_env": settings.RRR_ENV,
        "demo_data": bool(cache.get("demo_data")),
    }
    response = HttpResponse(
        render_to_string("errors/base.html", context), status=error.status
    )
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    response["Cache-Control"] = "no-store"
    response.problem = error  # type: ignore[attr-defined]
    return response


class CompressionMiddleware(GZipMiddleware):
    """gzip, but never for an answer that shows a token or key (see `uncompressed`)."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if getattr(response, "uncompressed", False):
            return response
        return super().process_response(request, response)


def uncompressed(response: T) -> T:
    """Mark an answer that shows a secret once: its length must tell nothing."""
    response.uncompressed = True  # type: ignore[attr-defined]
    return response


class HtmxProblemMiddleware:
    """htmx swaps every answer but 204 and 304 into its target: errors and the
    login redirect are therefore re-aimed; only 409 and 422 go where they belong.

    Outside of everything that may refuse, so that no refusal lands in a row.
    """

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if is_api(request.path):
            return response
        if request.headers.get("HX-Request") == "true" and wanted_part(request):
            response = self._aimed(request, response)
        patch_vary_headers(response, VARY)
        return response

    def _aimed(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        to_login = response.status_code == 302 and response["Location"].startswith(
            settings.LOGIN_URL
        )
        if to_login:
            back = _path(request.headers.get("HX-Current-URL", "/"))
            login = HttpResponse(status=200)
            login["HX-Redirect"] = f"{settings.LOGIN_URL}?{urlencode({'next': back})}"
            login["Cache-Control"] = "no-store"
            return login
        if response.status_code >= 400 and response.status_code not in {409, 422}:
            return _fragment(request, response)
        return response


def _path(url: str) -> str:
    """The path and query of an address; htmx sends the whole one."""
    parts = urlsplit(url)
    return urlunsplit(("", "", parts.path or "/", parts.query, ""))


def _fragment(request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
    """The error as the page shows it in #problem."""
    problem = getattr(response, "problem", None)
    context = {
        "status": response.status_code,
        "detail": problem.detail if problem else "That did not work: our fault.",
        "request_id": getattr(request, "request_id", ""),
    }
    fragment = HttpResponse(
        render_to_string("components/problem.html", context),
        status=response.status_code,
    )
    if "Retry-After" in response:
        fragment["Retry-After"] = response["Retry-After"]
    fragment["HX-Retarget"] = "#problem"
    fragment["HX-Reswap"] = "innerHTML"
    return fragment
