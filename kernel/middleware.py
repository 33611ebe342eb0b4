"""The outer layers: request id, headers, framing, and errors as people read them."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.http import urlencode
from structlog.contextvars import bound_contextvars

from kernel.api import as_product_error, problem_response
from kernel.errors import BadRequest, ProductError, TooLarge, Unavailable
from kernel.web import wanted_part

Next = Callable[[HttpRequest], HttpResponseBase]
logger = logging.getLogger("rrr.request")
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
API_PREFIXES = ("/api/", "/health", "/metrics", "/openapi.json")
# Uploads have pages of their own; everything else is small.
BODY_LIMITS = {"/import": 50_000_000, "/evidence": 25_000_000}
BODY_LIMIT = 1_000_000


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


class FramingMiddleware:
    """Refuse a body we cannot frame (411) or do not want (413) before reading it,
    and answer what views raise: problem+json for the API, a page for people."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        refused = self._refusal(request)
        return answer_error(request, refused) if refused else self.get_response(request)

    def _refusal(self, request: HttpRequest) -> ProductError | None:
        length = request.headers.get("Content-Length", "")
        if "Transfer-Encoding" in request.headers and not length:
            error = BadRequest("Send a Content-Length.", code="length_required")
            error.status = 411
            return error
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
        if isinstance(error, OperationalError | InterfaceError):
            logger.error("database", exc_info=error, extra={"path": request.path})
            words = "The database is not answering."
            if request.method not in {"GET", "HEAD"}:
                words += " Check whether your change arrived before you repeat it."
            return answer_error(
                request, Unavailable(words, code="database", retry_after=5)
            )
        if isinstance(error, Http404 | PermissionDenied | ProductError):
            known = as_product_error(error)
            return answer_error(request, known) if known else None
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
    return response


class HtmxProblemMiddleware:
    """htmx swaps every answer but 204 and 304 into its target: errors and the
    login redirect are therefore re-aimed; only 409 and 422 go where they belong."""

    def __init__(self, get_response: Next) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if request.headers.get("HX-Request") != "true" or not wanted_part(request):
            return response
        if response.status_code == 302 and response["Location"].startswith(
            settings.LOGIN_URL
        ):
            back = request.headers.get("HX-Current-URL", "/")
            login = HttpResponse(status=200)
            login["HX-Redirect"] = (
                f"{settings.LOGIN_URL}?{urlencode({'next': _path(back)})}"
            )
            return login
        if response.status_code >= 400 and response.status_code not in {409, 422}:
            return _fragment(request, response)
        return response


def _path(url: str) -> str:
    return "/" + url.partition("://")[2].partition("/")[2] if "://" in url else url


def _fragment(request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
    words = {
        403: "Your role may not do this.",
        404: "Not here, or not yours.",
        413: "That is too large.",
        429: f"Too many requests, again in {response.headers.get('Retry-After', 'a few')} s.",
        503: "The database is not answering. Check whether your change arrived before you repeat it.",
    }
    context = {
        "status": response.status_code,
        "detail": words.get(response.status_code, "That did not work: our fault."),
        "request_id": getattr(request, "request_id", ""),
    }
    fragment = HttpResponse(
        render_to_string("components/_problem.html", context),
        status=response.status_code,
    )
    fragment["HX-Retarget"] = "#problem"
    fragment["HX-Reswap"] = "innerHTML"
    return fragment
