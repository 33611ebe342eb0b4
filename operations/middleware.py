"""Counts every answered request: for the error-rate and latency rules, and with
labels for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django_prometheus.middleware import PrometheusAfterMiddleware

from kernel.middleware.access_log import method_of, of_somebody
from operations.services.counters import COUNTER


class CountersMiddleware:
    """Health, metrics, static files and our own probes do not count."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.monotonic()
        response = self.get_response(request)
        if of_somebody(request):
            COUNTER.add(status=response.status_code, seconds=time.monotonic() - began)
        return response


class MetricsMiddleware(PrometheusAfterMiddleware):  # type: ignore[misc]
    """django-prometheus' own, with every method from a fixed list: it labels the
    latency of a request with whatever word a stranger invents, a dozen lines each,
    for as long as the process lives."""

    def _method(self, request: HttpRequest) -> str:
        return method_of(request)

    def label_metric(
        self, metric: Any, request: HttpRequest, response: Any = None, **labels: str
    ) -> Any:
        if "method" in labels:
            labels["method"] = self._method(request)
        return super().label_metric(metric, request, response, **labels)
