"""Pages speak in the person's time zone."""

from __future__ import annotations

from collections.abc import Callable
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from accounts.queries import preferences
from accounts.services.preferences import zones
from kernel.web import is_api


class ZoneMiddleware:
    """Activates the zone of the person, or of the browser's cookie, for a page.

    The API always speaks UTC and is not asked who calls.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if is_api(request.path):
            return self.get_response(request)
        zone = preferences(request)["zone"]
        with timezone.override(ZoneInfo(zone if zone in zones() else "UTC")):
            return self.get_response(request)
