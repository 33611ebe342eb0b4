"""/health, /health/live, /health/ready and /metrics: for machines, without a slash."""

from __future__ import annotations

import os
from hmac import compare_digest

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import CollectorRegistry

from kernel import build
from kernel.access import access
from kernel.errors import Forbidden, NotAuthenticated
from kernel.http import OWN_HEADER, is_own
from kernel.json import dumps
from operations.domain.health import FAIL, Check, verdict
from operations.queries import health
from operations.queries.figures import DatabaseFigures

HEALTH_JSON = "application/health+json"


@require_safe
@access(public=True)
def health_all(request: HttpRequest) -> HttpResponse:
    """Everybody sees the status; the checks only who may read operations (and our
    own probes). fail is a 503, warn a 200."""
    checks = health.checks()
    status = verdict(checks)
    document: dict[str, object] = {"status": status}
    if _may_see_checks(request, checks):
        document["checks"] = {check.name: [_shown(check)] for check in checks}
        document["releaseId"] = settings.RRR_VERSION
    return _answer(document, 503 if status == FAIL else 200)


def _may_see_checks(request: HttpRequest, checks: list[Check]) -> bool:
    if is_own(request.path, request.headers.get(OWN_HEADER, "")):
        return True
    if any(check.name == "database" and check.status == FAIL for check in checks):
        return False  # nobody can be known without the database
    try:
        return request.user.has_perm("operations.view")
    except DatabaseError:
        return False


def _shown(check: Check) -> dict[str, object]:
    shown: dict[str, object] = {
        "status": check.status,
        "time": health.stamp(),
        "output": check.detail,
    }
    if check.observed:
        shown |= {"observedValue": check.observed, "observedUnit": check.unit}
    return shown


@require_safe
@access(public=True)
def live(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return _answer({"status": "pass"}, 200)


@require_safe
@access(public=True)
def ready(request: HttpRequest) -> HttpResponse:
    """May requests be sent here? Redis is no condition: everything works without."""
    words = health.not_ready()
    if words:
        return _answer({"status": FAIL, "output": words}, 503)
    return _answer({"status": "pass"}, 200)


def _answer(document: dict[str, object], status: int) -> HttpResponse:
    mine = build.running()
    return HttpResponse(
        dumps(document),
        status=status,
        content_type=HEALTH_JSON,
        headers={
            "X-RRR-Commit": mine.commit,
            "X-RRR-Clean": "true" if mine.clean else "false",
            "Cache-Control": "no-store",
        },
    )


@require_safe
@access(public=True)
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus' text format, for Bearer METRICS_TOKEN or who may read operations.

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
