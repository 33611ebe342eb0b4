"""What is told of an answer that no middleware sees: its line in the access log, the
counters of the alert rules, and django-prometheus' series by view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from django.urls import resolve
from django_prometheus.middleware import Metrics
from prometheus_client import Counter

from kernel.middleware.access_log import log_answer
from operations.services.counters import COUNTER
from rrr_dashboard.tracing import name_request


@dataclass(frozen=True)
class Asked:
    """One request, for those who are told of it."""

    path: str
    scheme: str
    request_id: str
    actor: str


LOOKUPS = Counter(
    "rrr_cache_lookups", "Hot reads whose answer was there already, or not", ["result"]
)


def count_lookup(*, hit: bool) -> None:
    LOOKUPS.labels("hit" if hit else "miss").inc()


def tell(asked: Asked, status: int, seconds: float) -> None:
    """To the log, the counters and the trace."""
    name_request("GET", _route(asked.path), asked.request_id)
    COUNTER.add(status=status, seconds=seconds)
    log_answer(
        request_id=asked.request_id,
        principal=asked.actor,
        method="GET",
        route=_route(asked.path),
        status=status,
        seconds=seconds,
    )


def measure(asked: Asked, status: int, seconds: float, body_bytes: int) -> None:
    """To the series that the middlewares would have written."""
    count, spent, sizes = _series(asked.path, asked.scheme, str(status))
    for add in count:
        add()
    for observe in spent:
        observe(seconds)
    sizes(body_bytes)


@lru_cache(maxsize=64)
def _route(path: str) -> str:
    return f"/{resolve(path).route}"


Adds = tuple[Callable[[], None], ...]
Observes = tuple[Callable[[float], None], ...]


@lru_cache(maxsize=256)
def _series(
    path: str, scheme: str, status: str
) -> tuple[Adds, Observes, Callable[[float], None]]:
    metrics, view = Metrics.get_instance(), resolve(path).view_name
    return (
        (
            metrics.requests_total.inc,
            metrics.responses_total.inc,
            metrics.requests_by_method.labels("GET").inc,
            metrics.requests_by_transport.labels(scheme).inc,
            metrics.requests_by_view_transport_method.labels(view, scheme, "GET").inc,
            metrics.responses_by_status.labels(status).inc,
            metrics.responses_by_status_view_method.labels(status, view, "GET").inc,
        ),
        (
            metrics.requests_latency_before.observe,
            metrics.requests_latency_by_view_method.labels(view, "GET").observe,
        ),
        metrics.responses_body_bytes.observe,
    )
