"""Counts every answered request for the error-rate and latency rules."""

from __future__ import annotations

import time
from collections.abc import Callable

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from kernel.http import OWN_HEADER, is_own
from operations.services.counters import COUNTER

NOT_COUNTED = ("/health", "/metrics", "/static/")


class CountersMiddleware:
    """Health, metrics, static files and our own probes do not count."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.monotonic()
        response = self.get_response(request)
        if not request.path.startswith(NOT_COUNTED) and not is_own(
            request.path, request.headers.get(OWN_HEADER, "")
        ):
            COUNTER.add(status=response.status_code, seconds=time.monotonic() - began)
        return response
