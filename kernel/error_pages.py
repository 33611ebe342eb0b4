"""Errors for whoever asked: a client, or a person with a page that needs nothing."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.http import escape_leading_slashes

from kernel import outage_notes
from kernel.disk import is_full, no_room
from kernel.errors import Forbidden, ProductError, TooLarge, Unavailable
from kernel.outages import outage
from kernel.problems import as_product_error, problem_response
from kernel.web import is_api, wanted_part

DATABASE = "database"  # the code of its outage
logger = logging.getLogger("rrr.request")
# What passes by itself, so that asking again is what to do first.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 507})
# What only another request mends.
ASKED_WRONG = frozenset({403, 404, 405, 409, 410, 412, 422, 428})


def expected(request: HttpRequest, error: BaseException | None) -> ProductError | None:
    """Our error for what a view, or a middleware inside the handlers, raised; None
    for what nobody expected. A database that cannot be used is a 503, a full disk a
    507."""
    if is_full(error):
        logger.error("the disk is full: %s", error, extra={"path": request.path})
        return no_room(changes=request.method not in {"GET", "HEAD"})
    if what := outage(error):
        # One line: in an outage each request comes by here, and none has other news.
        logger.error("%s: %s", what.value, error, extra={"path": request.path})
        outage_notes.met()
        told = what.told(changes=request.method not in {"GET", "HEAD"})
        return Unavailable(told, code=DATABASE, retry_after=5)
    if isinstance(error, RequestDataTooBig):
        return TooLarge("That is more than is taken here.", code="too_large")
    if isinstance(error, Http404 | PermissionDenied | ProductError):
        return as_product_error(error)
    return None


def _drawn(request: HttpRequest, error: ProductError, context: dict[str, Any]) -> str:
    """With the navigation for somebody who is known, where nothing is broken;
    errors/base.html needs no user, session, query or script. What htmx takes of it has
    none either way."""
    asked_whole = hasattr(request, "user") and not wanted_part(request)
    if error.status in ASKED_WRONG and asked_whole:
        try:
            if request.user.is_authenticated:
                return render_to_string("errors/known.html", context, request)
        except DatabaseError as failed:
            logger.warning("an error page without its navigation: %s", failed)
    return render_to_string("errors/base.html", context)


def answer_error(request: HttpRequest, error: ProductError) -> HttpResponse:
    """The error for whoever asked: a client, an htmx fragment, or a person."""
    if is_api(request.path):
        return problem_response(request, error)
    return error_page(request, error)


def error_page(
    request: HttpRequest, error: ProductError, *, back: str = ""
) -> HttpResponse:
    """`back` is the page to go to where asking again helps nobody."""
    may_pass = error.status != Forbidden.status
    context: dict[str, Any] = {
        "problem": error,
        "request_id": getattr(request, "request_id", ""),
        # `//evil.example/` was asked of this site, and is asked of it again.
        "again": escape_leading_slashes(request.get_full_path()),
        "back": back,
        "outage": outage_notes.known() if error.code == DATABASE else None,
        "retry": not back and may_pass and request.method in {"GET", "HEAD"},
        "passing": error.status in PASSING,
        "rrr_env": settings.RRR_ENV,
        "demo_data": bool(cache.get("demo_data")),
    }
    response = HttpResponse(_drawn(request, error, context), status=error.status)
    if error.retry_after is not None:
        response["Retry-After"] = str(error.retry_after)
    response["Cache-Control"] = "no-store"
    response.problem = error  # type: ignore[attr-defined]
    return response
