"""The API has no trailing slashes, yet a request with one is served, not redirected.

Pages have one; whoever forgets it is sent on.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import is_valid_path


class TrailingSlashMiddleware:
    """Strips the trailing slash of /api/… and of the other slashless URLs."""

    SLASHLESS = ("/api/", "/health", "/metrics", "/openapi.json", "/docs", "/redoc")

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        if path.startswith(self.SLASHLESS):
            if path.endswith("/"):
                request.path_info = path.rstrip("/")
                request.path = request.path.rstrip("/")
            return self.get_response(request)
        response = self.get_response(request)
        if response.status_code == 404 and self._is_page_without_slash(request):
            return HttpResponseRedirect(request.get_full_path(force_append_slash=True))
        return response

    def _is_page_without_slash(self, request: HttpRequest) -> bool:
        path = request.path_info
        return (
            request.method in {"GET", "HEAD"}
            and not path.endswith("/")
            and not path.startswith("//")
            and bool(is_valid_path(f"{path}/"))
        )
