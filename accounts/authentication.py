"""API callers: a Bearer token, or the session cookie with CSRF."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Model
from django.http import HttpRequest
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts.models import User
from accounts.queries import grants_of
from accounts.services.admit import Bearer, admit
from kernel.errors import NotAuthenticated, PageTooOld

# In the environ: whom this request's token was found to speak for.
ADMITTED = "rrr.admitted"


class PeopleBackend(ModelBackend):
    """Passwords as Django has them; permissions of person and roles in one query."""

    def get_all_permissions(
        self, user_obj: AbstractBaseUser | AnonymousUser, obj: Model | None = None
    ) -> set[str]:
        if not isinstance(user_obj, User) or not user_obj.is_active or obj is not None:
            return set()
        if user_obj.is_superuser:
            return user_obj.narrowed(super().get_all_permissions(user_obj))
        return user_obj.narrowed(set(grants_of(user_obj).permissions))


def bearer(request: HttpRequest) -> tuple[User, Any]:
    """Who speaks by the token of this request, and by what. Asked once: the limits
    want to know it before the view does. Raises NotAuthenticated."""
    known: tuple[User, Any] | NotAuthenticated | None = getattr(request, "bearer", None)
    if known is None:
        try:
            known = _bearer(request)
        except NotAuthenticated as refused:
            known = refused
        request.bearer = known  # type: ignore[attr-defined]
    if isinstance(known, NotAuthenticated):
        raise known
    return known


def _bearer(request: HttpRequest) -> tuple[User, Any]:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not text.strip():
        raise NotAuthenticated("Send `Authorization: Bearer <token>`.", "token")
    asked: Bearer | None = request.META.get(ADMITTED)
    bearer = asked.own() if asked else admit(text.strip(), request.method or "GET")
    return bearer.user, bearer.auth


class TokenOrSession(SessionAuthentication):
    """A Bearer token speaks alone: with a bad one the cookie is not asked.

    `request.auth` is the Session of an access token, a ServiceToken, or None for a
    browser.
    """

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, Any] | None:
        if "Authorization" not in request.headers:
            return super().authenticate(request)
        return bearer(request._request)

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied:
            raise PageTooOld(
                "A session sends the csrftoken cookie's value as X-CSRFToken; a Bearer "
                "token needs none."
            ) from None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
