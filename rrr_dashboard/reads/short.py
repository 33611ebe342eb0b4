"""Django with the middlewares that a read of the API by token needs, and no others.

Such a request has no cookie, no session, no form and no page: what would be looked for
is known not to be there. The views, the limits and each header of the answer are those
of the whole way (tests/reads/test_short_way.py compares them).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import MiddlewareNotUsed
from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.http import HttpRequest
from django.utils.module_loading import import_string

from kernel.gateway import REFUSED

NEEDLESS = frozenset(
    {
        "kernel.middleware.htmx.HtmxProblemMiddleware",
        "kernel.middleware.wrong_method.WrongMethodMiddleware",
        # Of an https address alone: its headers are `HeadersMiddleware`'s, too.
        "django.middleware.security.SecurityMiddleware",
        "whitenoise.middleware.WhiteNoiseMiddleware",
        "rrr_dashboard.middleware.TrailingSlashMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
        "accounts.middleware.PersonMiddleware",
        "axes.middleware.AxesMiddleware",
    }
)
READS = frozenset({"GET", "HEAD"})


class TokenReads(WSGIHandler):
    """Built as Django builds its own, from the settings' list without NEEDLESS."""

    def load_middleware(self, is_async: bool = False) -> None:
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        handler = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined]
        handler = _by_nobody(handler)
        for path in reversed(settings.MIDDLEWARE):
            if path in NEEDLESS:
                continue
            try:
                middleware = import_string(path)(handler)
            except MiddlewareNotUsed:
                continue
            self._take_hooks(middleware)
            handler = convert_exception_to_response(middleware)
        self._middleware_chain = handler

    def _take_hooks(self, middleware: Any) -> None:
        if view := getattr(middleware, "process_view", None):
            self._view_middleware.insert(0, view)
        if template := getattr(middleware, "process_template_response", None):
            self._template_response_middleware.append(template)
        if error := getattr(middleware, "process_exception", None):
            self._exception_middleware.append(error)


def _by_nobody(handler: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Whoever asks is nobody until a view reads the token."""

    def answer(request: HttpRequest) -> Any:
        request.user = AnonymousUser()
        return handler(request)

    return answer


class TwoWays:
    """A WSGI application: the short way for whom it is enough, else the whole one."""

    def __init__(self, whole: WSGIApplication) -> None:
        self.whole, self.short = whole, TokenReads()

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        way = self.short if is_short(environ) else self.whole
        return way(environ, start_response)


def is_short(environ: WSGIEnvironment) -> bool:
    path = environ["PATH_INFO"]
    return (
        environ["REQUEST_METHOD"] in READS
        and path.startswith("/api/")
        and not path.endswith("/")
        and environ.get("HTTP_AUTHORIZATION", "").startswith("Bearer ")
        and not environ.get("HTTP_COOKIE")
        and REFUSED not in environ
        and not settings.SECURE_SSL_REDIRECT
    )
