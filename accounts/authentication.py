"""API callers: a Bearer token, or the session cookie with CSRF."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts.services.tokens import session_of_access
from kernel.errors import Forbidden, NotAuthenticated


class TokenOrSession(SessionAuthentication):
    """A Bearer token speaks alone: with a bad one the cookie is not asked.

    `request.auth` is the token's Session, or None for a browser.
    """

    def authenticate(self, request: Request) -> tuple[AbstractBaseUser, Any] | None:
        header = request.headers.get("Authorization", "")
        if not header:
            return super().authenticate(request)
        scheme, _, text = header.partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise NotAuthenticated("Send `Authorization: Bearer <token>`.", "token")
        session = session_of_access(text.strip())
        return session.user, session

    def enforce_csrf(self, request: Request) -> None:
        try:
            super().enforce_csrf(request)
        except PermissionDenied:
            raise Forbidden(
                "This page is too old: reload, then repeat.", code="csrf"
            ) from None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"
