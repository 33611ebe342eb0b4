"""How large a body may be: what a view takes, and of whom.

Small is the rule. A view that takes files says how large they are; of somebody who
shows neither a token nor a session only what fits into memory is waited for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest

from kernel.web import asked_view

View = TypeVar("View", bound=Callable[..., Any])
BODY_LIMIT = 1_000_000
IMPORT_BYTES = 50_000_000
EVIDENCE_BYTES = 12_000_000
REPORT_BYTES = 10_100_000  # a report of 10 MB in its form
STRANGERS_LIMIT = 64_000


def takes_upload(most: int) -> Callable[[View], View]:
    """The view's POST takes a body of up to `most` bytes. The outermost decorator of a
    page function; a class of the API says `most_bytes` instead."""

    def mark(view: View) -> View:
        view.most_bytes = most  # type: ignore[attr-defined]
        return view

    return mark


def most_bytes(request: HttpRequest) -> int:
    """The largest body that is taken of this request, known from its head alone."""
    if not shows_who_asks(request):
        return STRANGERS_LIMIT
    if request.method != "POST":
        return BODY_LIMIT
    declared: int = getattr(asked_view(request), "most_bytes", BODY_LIMIT)
    return declared


def shows_who_asks(request: HttpRequest) -> bool:
    """Whether it is true is not asked: that needs a thread, and the database. A browser
    that is known brings what was typed when its session ended through the log-in."""
    cookies = {settings.SESSION_COOKIE_NAME, settings.KNOWN_BROWSER_COOKIE_NAME}
    return "Authorization" in request.headers or not cookies.isdisjoint(request.COOKIES)
