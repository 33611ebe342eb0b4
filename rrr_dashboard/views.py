"""The overview page and the error handlers."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.views import interrupted
from kernel.access import access
from kernel.error_pages import answer_error, expected
from kernel.errors import BadRequest, Forbidden, NotFound, PageTooOld, ProductError
from kernel.requests import PersonRequest
from kernel.web import came_of, not_modified, page_or_fragment, wanted_part
from rrr_dashboard import overview as parts
from rrr_dashboard.search import search as hits_for
from rrr_dashboard.shell import Shell


@require_safe
@access()
def overview(request: PersonRequest) -> HttpResponse:
    """The day at a glance: only what the person may open, most urgent first."""
    now = timezone.now()
    names = parts.names(request)
    etag = parts.etag(request, names, now)
    if unchanged := not_modified(request, etag, of=names):
        return unchanged
    if parts.is_live(request.user):
        came_of(request, ())
    response = page_or_fragment(
        request,
        "rrr_dashboard/overview.html",
        {"overview": "rrr_dashboard/parts/overview.html"},
        parts.gather(request, now),
    )
    response["ETag"] = f'W/"{etag}"'
    response["HX-PTag"] = etag
    return response


@require_safe
@access()
def search(request: PersonRequest) -> HttpResponse:
    """What the text names, of what the person may open; a page of its own without
    scripts, the palette's list with them."""
    text = request.GET.get("q", "")
    # The palette lists the pages itself, at once.
    places = [] if wanted_part(request) == "palhits" else Shell(request).all
    context = {"q": text, "hits": hits_for(request.user, text, places)}
    response = page_or_fragment(
        request,
        "rrr_dashboard/search.html",
        {"palhits": "rrr_dashboard/parts/hits.html"},
        context,
    )
    response["Cache-Control"] = "no-store"
    return response


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    known = expected(request, exception) or BadRequest("This request is malformed.")
    return answer_error(request, known)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer_error(request, Forbidden("Your role may not open this."))


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return answer_error(request, NotFound("There is nothing here that you may see."))


def our_fault(request: HttpRequest) -> HttpResponse:
    # Called while the error is being handled: what a middleware raised (session,
    # login) is known only here, and a silent database is no fault of the code.
    known = expected(request, sys.exc_info()[1])
    return answer_error(request, known or ProductError("Something broke on our side."))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    # Of a part the page stays as it is, with what was typed.
    if not wanted_part(request) and (kept := interrupted.of_a_page_before(request)):
        answer = interrupted.give_back(request, kept, interrupted.page_before(request))
        answer.status_code = PageTooOld.status
        return answer
    return answer_error(request, PageTooOld())
