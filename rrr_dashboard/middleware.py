"""The API has no trailing slashes, yet a request with one is served, not redirected."""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase


class TrailingSlashMiddleware:
    """Strips one trailing slash of /api/… and of the other slashless URLs."""

    SLASHLESS = ("/api/", "/health", "/metrics", "/openapi.json", "/docs", "/redoc")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if path.endswith("/") and path.startswith(self.SLASHLESS):
            request.path_info = path.rstrip("/")
            request.path = request.path.rstrip("/")
        return self.get_response(request)
