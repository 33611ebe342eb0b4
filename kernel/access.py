"""Who may open a view: declared in one attribute, enforced in one place.

    @access("readiness.view")                    # a page function
    class Trades(APIView):
        access = Access("trading.own", "trading.view", objects="own books")

A URL whose view declares nothing fails a test. `objects` names the object rule
that the view's query applies; what a role may not see answers 404.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeVar, cast

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.urls import resolve

from kernel.errors import Forbidden
from kernel.roles import refusal
from kernel.web import wanted_part

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
# What browsers send to pages; the API's classes list their methods themselves.
OF_PAGES = ("GET", "HEAD", "POST")
View = TypeVar("View", bound=Callable[..., HttpResponseBase])


@dataclass(frozen=True, init=False)
class Access:
    """Any one of `permissions` opens the view ("area.verb"); none: whoever is
    logged in; `public`: everybody. `writes` replaces them on unsafe methods.
    `public_read` opens reads to everybody where the setting PUBLIC_READ is on."""

    permissions: tuple[str, ...]
    writes: tuple[str, ...] | None
    objects: str
    public: bool
    public_read: bool

    def __init__(
        self,
        *permissions: str,
        writes: tuple[str, ...] | None = None,
        objects: str = "",
        public: bool = False,
        public_read: bool = False,
    ) -> None:
        object.__setattr__(self, "permissions", permissions)
        object.__setattr__(self, "writes", writes)
        object.__setattr__(self, "objects", objects)
        object.__setattr__(self, "public", public)
        object.__setattr__(self, "public_read", public_read)

    def allows(self, user: Any, method: str) -> bool:
        open_to_all = (
            self.public_read and settings.PUBLIC_READ and method in SAFE_METHODS
        )
        if self.public or open_to_all:
            return True
        if not user.is_authenticated:
            return False
        needed = self._needed(method)
        return not needed or any(user.has_perm(name) for name in needed)

    def refusal(self, user: Any, method: str) -> Forbidden:
        """For somebody who is known: which roles may, and which they have."""
        done = "open" if method in SAFE_METHODS else "do"
        return Forbidden(refusal(self._needed(method), user, done), code="role")

    def _needed(self, method: str) -> tuple[str, ...]:
        if self.writes is not None and method not in SAFE_METHODS:
            return self.writes
        return self.permissions


PUBLIC = Access(public=True)
LOGGED_IN = Access()


def access(
    *permissions: str,
    writes: tuple[str, ...] | None = None,
    objects: str = "",
    public: bool = False,
    public_read: bool = False,
) -> Callable[[View], View]:
    """Declare and enforce the access of a page function.

    Anonymous people go to the login page; others get Forbidden (a 403 page).
    """
    return guarded(
        Access(
            *permissions,
            writes=writes,
            objects=objects,
            public=public,
            public_read=public_read,
        )
    )


def guarded(rule: Access) -> Callable[[View], View]:
    """`access` with a rule that several views share."""

    def wrap(view: View) -> View:
        @wraps(view)
        def checked(
            request: HttpRequest, *args: Any, **kwargs: Any
        ) -> HttpResponseBase:
            if request.method not in OF_PAGES:
                return HttpResponseNotAllowed(OF_PAGES)
            if not rule.allows(request.user, request.method):
                if not request.user.is_authenticated:
                    return ask_to_log_in(request)
                raise rule.refusal(request.user, request.method)
            return view(request, *args, **kwargs)

        checked.access = rule  # type: ignore[attr-defined]
        return cast(View, checked)

    return wrap


def ask_to_log_in(request: HttpRequest) -> HttpResponseBase:
    """The way to the log-in page and back. Of a form that was sent, what was typed is in
    this request alone: the log-in page answers it and carries it on, but for what the
    view called sensitive (`request.interrupted`)."""
    if request.method in SAFE_METHODS or wanted_part(request):
        return redirect_to_login(request.get_full_path())
    secrets = getattr(request, "sensitive_post_parameters", ())
    request.interrupted = secrets  # type: ignore[attr-defined]
    return cast(HttpResponseBase, resolve(settings.LOGIN_URL).func(request))
