"""/metrics: Prometheus' text format, without a slash."""

from __future__ import annotations

import os
from hmac import compare_digest

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import CollectorRegistry

from kernel.access import access
from kernel.errors import Forbidden, NotAuthenticated
from operations.queries.figures import DatabaseFigures


@require_safe
@access(public=True)
def metrics(request: HttpRequest) -> HttpResponse:
    """For Bearer METRICS_TOKEN or who may read operations.

    Counters come from all web processes, the rest from the database right now.
    """
    _refuse_strangers(request)
    registry = CollectorRegistry()
    registry.register(DatabaseFigures())
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        text = generate_latest(registry)
    else:
        text = generate_latest(REGISTRY) + generate_latest(registry)
    return HttpResponse(text, content_type=CONTENT_TYPE_LATEST)


def _refuse_strangers(request: HttpRequest) -> None:
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    token = settings.METRICS_TOKEN
    if token and compare_digest(given.encode(), token.encode()):
        return
    if request.user.has_perm("operations.view"):
        return
    if request.user.is_authenticated:
        raise Forbidden("Your role may not read metrics.", code="role")
    raise NotAuthenticated("Send METRICS_TOKEN as a Bearer token.", code="token")
