"""/health, /health/live and /health/ready: for machines, without a slash."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import get_resolver
from django.utils import timezone
from django.views.decorators.http import require_safe
from rest_framework.request import Request
from rest_framework.views import APIView

from kernel import build, configuration
from kernel.access import access
from kernel.errors import ProductError
from kernel.http import OWN_HEADER, is_own
from kernel.json import dumps
from operations.answers import health_check
from operations.domain.health import HealthCheck, Status, verdict
from operations.queries import health
from operations.queries import ready as readiness

HEALTH_JSON = "application/health+json"


@require_safe
@access(public=True)
def health_all(request: HttpRequest) -> HttpResponse:
    """Everybody sees the status; the checks only who may read operations (and our
    own probes). fail is a 503, warn a 200. What it says is at most a second old."""
    at = timezone.now()
    checks = health.newest_checks(at)
    status = verdict(checks)
    document: dict[str, object] = {"status": status}
    if _may_see_checks(request, checks):
        document |= _details(checks, at)
    return _answer(request, document, 503 if status is Status.FAIL else 200)


def _details(checks: Sequence[HealthCheck], at: datetime) -> dict[str, object]:
    return {
        "checks": {check.name: [health_check(check, at)] for check in checks},
        "releaseId": settings.RRR_VERSION,
    }


def _may_see_checks(request: HttpRequest, checks: Sequence[HealthCheck]) -> bool:
    if is_own(request.path, request.headers.get(OWN_HEADER, "")):
        return True
    if any(
        check.name == "database" and check.status is Status.FAIL for check in checks
    ):
        return False  # nobody can be known without the database
    try:
        # By session or token, as on the API.
        known = Request(request, authenticators=APIView().get_authenticators()).user
        return bool(known.has_perm("operations.view"))
    except (DatabaseError, ProductError):
        return False  # nobody to ask, or a token that is not good


@require_safe
@access(public=True)
def live(request: HttpRequest) -> HttpResponse:
    """The process answers; nothing else is asked."""
    return _answer(request, {"status": Status.PASS}, 200)


@require_safe
@access(public=True)
def fault(request: HttpRequest) -> HttpResponseBase:
    """The page of a 500, for our own probes of what stands on every answer: nothing
    failed, so there is no traceback and nothing is counted. A 404 to others."""
    if not is_own(request.path, request.headers.get(OWN_HEADER, "")):
        raise Http404
    answer: HttpResponseBase = get_resolver().resolve_error_handler(500)(request)
    answer._has_been_logged = True  # type: ignore[attr-defined] # Django's own mark
    return answer


@require_safe
@access(public=True)
def ready(request: HttpRequest) -> HttpResponse:
    """May requests be sent here? Redis is no condition: everything works without."""
    reason = readiness.not_ready()
    if reason:
        return _answer(request, {"status": Status.FAIL, "output": reason}, 503)
    return _answer(request, {"status": Status.PASS}, 200)


def _answer(
    request: HttpRequest, document: dict[str, object], status: int
) -> HttpResponse:
    """Which commit answers, and to our own probes with which settings."""
    running = build.running()
    headers = {
        "X-RRR-Commit": running.commit,
        "X-RRR-Clean": "true" if running.clean else "false",
        "Cache-Control": "no-store",
    }
    if is_own(request.path, request.headers.get(OWN_HEADER, "")):
        headers["X-RRR-Configuration"] = configuration.running()
        headers["X-RRR-Instance"] = f"{platform.node()}:{settings.PORT}"
    return HttpResponse(
        dumps(document), status=status, content_type=HEALTH_JSON, headers=headers
    )
