"""Errors as htmx takes them: aimed at the place where a page shows problems."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import patch_vary_headers
from django.utils.http import urlencode

from kernel.web import VARY, is_api, wanted_part


class HtmxProblemMiddleware:
    """htmx swaps every answer but 204 and 304 into its target: errors and the
    login redirect are therefore re-aimed; only 409 and 422 go where they belong.

    Outside of everything that may refuse, so that no refusal lands in a row.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
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
    """The path, query and fragment of an address; htmx sends the whole one, others
    anything."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "/"
    return urlunsplit(("", "", parts.path or "/", parts.query, parts.fragment))


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
