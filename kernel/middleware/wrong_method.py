"""A page for whoever opens an address that only takes forms."""

from __future__ import annotations

import inspect
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve

from kernel.error_pages import error_page
from kernel.errors import WrongMethod
from kernel.web import is_api


class WrongMethodMiddleware:
    """A bookmark, a reload or the way back from a log-in may ask for an address that
    only takes a POST: an empty 405 becomes a page that leads on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if response.status_code != 405 or is_api(request.path):
            return response
        if request.method in {"GET", "HEAD"}:
            taken, back = "only takes what a form sends", page_above(request.path)
        else:
            taken, back = f"takes no {request.method}", request.path
        error = WrongMethod(f"This address {taken}.", code="method")
        page = error_page(request, error, back=back)
        page["Allow"] = response.get("Allow", "POST")
        return page


def page_above(path: str) -> str:
    """The nearest address above this one that can be looked at: the page of the form."""
    parts = path.strip("/").split("/")
    for count in range(len(parts) - 1, 0, -1):
        above = f"/{'/'.join(parts[:count])}/"
        try:
            view = resolve(above).func
        except Resolver404:
            continue
        if _can_be_looked_at(view):
            return above
    return "/"


def _can_be_looked_at(view: Callable[..., object]) -> bool:
    """Not one of `require_POST`, which keeps what it takes to itself."""
    held = inspect.getclosurevars(view).nonlocals
    return "GET" in held.get("request_method_list", ["GET"])
