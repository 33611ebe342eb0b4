"""API callers: a Bearer token, or the session cookie with CSRF."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser, Permission
from django.db.models import Model, Q
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts.models import User
from accounts.services.tokens import session_of_access
from kernel.errors import Forbidden, NotAuthenticated


class PeopleBackend(ModelBackend):
    """Passwords as Django has them; permissions of person and roles in one query."""

    def get_all_permissions(
        self, user_obj: AbstractBaseUser | AnonymousUser, obj: Model | None = None
    ) -> set[str]:
        if not isinstance(user_obj, User) or not user_obj.is_active or obj is not None:
            return set()
        if user_obj.is_superuser:
            return super().get_all_permissions(user_obj)
        held: set[str] | None = getattr(user_obj, "_people_permissions", None)
        if held is None:
            mine = Q(user=user_obj) | Q(group__user=user_obj)
            rows = Permission.objects.filter(mine).order_by()
            pairs = rows.values_list("content_type__app_label", "codename")
            held = {f"{area}.{verb}" for area, verb in pairs}
            user_obj._people_permissions = held  # type: ignore[attr-defined]
        return held


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
