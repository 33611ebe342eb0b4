"""API callers: a Bearer token, or the session cookie with CSRF."""

from __future__ import annotations

from rest_framework.authentication import SessionAuthentication


class TokenOrSession(SessionAuthentication):
    """Bearer tokens first, then the session (CSRF on unsafe methods)."""
