"""One line for every answer to somebody: who asked which route, what came of it.

Written past the logging module with one dump and one write, which takes a quarter of
the time; a route is logged, not a path, so no name or secret of an address is.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from kernel.http import OWN_HEADER, is_own
from kernel.json import dumps
from kernel.web import MACHINES, known_method

# In the environ of a request that is logged and counted where it came from.
TOLD_OUTSIDE = "rrr.told_outside"


def of_somebody(request: HttpRequest) -> bool:
    """Not health, metrics, static files, our own probes, or what is told outside."""
    own = request.headers.get(OWN_HEADER, "")
    machine = request.path.startswith(MACHINES) or is_own(request.path, own)
    return not machine and TOLD_OUTSIDE not in request.META


def method_of(request: HttpRequest) -> str:
    """The method, from a fixed list: clients may invent any."""
    return known_method(request.method or "")


class AccessLogMiddleware:
    """Inside RequestIdMiddleware, around everything else."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        began = time.monotonic()
        response = self.get_response(request)
        if of_somebody(request):
            match = request.resolver_match
            log_answer(
                request_id=getattr(request, "request_id", ""),
                principal=_principal(request),
                method=method_of(request),
                route=f"/{match.route}" if match else "",
                status=response.status_code,
                seconds=time.monotonic() - began,
            )
        return response


def log_answer(
    *,
    request_id: str,
    principal: str,
    method: str,
    route: str,
    status: int,
    seconds: float,
) -> None:
    line = dumps(
        {
            "at": datetime.now(UTC),
            "event": "request",
            "logger": "rrr.access",
            "level": "info",
            "request_id": request_id,
            "principal": principal,
            "method": method,
            "route": route,
            "status": status,
            "ms": round(seconds * 1000, 1),
        }
    )
    try:
        os.write(sys.stderr.fileno(), line + b"\n")
    except (OSError, ValueError):
        return  # a full disk or a closed terminal fails no request


def _principal(request: HttpRequest) -> str:
    """Who they turned out to be, named as in the audit log, as far as anybody asked:
    to log asks no database. "" for nobody."""
    # Django keeps there whom a session names; DRF puts its user on the request.
    user = getattr(request, "_cached_user", None) or request.__dict__.get("user")
    # isinstance would wake a lazy user.
    known = issubclass(type(user), AbstractBaseUser)
    return str(getattr(user, "actor", "")) if known else ""
