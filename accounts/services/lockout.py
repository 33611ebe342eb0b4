"""What django-axes calls: the address of a caller, and the answer when locked."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

from axes.models import AccessAttempt
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from accounts.models import User
from audit.services import append
from kernel.error_pages import answer_error
from kernel.errors import TooManyRequests
from kernel.web import client_network


def record(request: HttpRequest, username: str | None = None, **signal: Any) -> None:
    """Log that a person's name is locked for an address: once, when it happens.

    Names that nobody has are not logged: what was typed may be a password.
    """
    if request.axes_failures_since_start != settings.AXES_FAILURE_LIMIT:  # type: ignore[attr-defined]
        return
    user = User.objects.filter(username=username).first()
    if user is None:
        return
    with transaction.atomic():
        append(
            "accounts.person.locked-out",
            actor="system",
            object=f"person:{user.pk}",
            data={"failures": str(settings.AXES_FAILURE_LIMIT)},
        )


def answer(
    request: HttpRequest, _original: Any = None, credentials: Any = None
) -> HttpResponseBase:
    """429 as problem+json or as a page, with the seconds until the lock ends."""
    username = (credentials or {}).get("username", "")
    wait = _seconds_left(request, username)
    return answer_error(request, _locked(max(1, wait)))


def refuse_locked(request: HttpRequest, username: str) -> None:
    """Raises TooManyRequests while the name is locked for this address: asked before
    a try counts anywhere else, so that it prolongs no other wait."""
    wait = _seconds_left(request, username)
    if wait:
        raise _locked(wait)


def _locked(wait: int) -> TooManyRequests:
    return TooManyRequests(
        f"Too many wrong passwords for this name: again in {-(-wait // 60)} min.",
        code="locked_out",
        retry_after=wait,
    )


def _seconds_left(request: HttpRequest, username: str) -> int:
    """Until fewer failures count than lock; each counts for AXES_COOLOFF_TIME after
    the last of its browser. 0 when nothing is locked."""
    since = timezone.now() - settings.AXES_COOLOFF_TIME
    attempts = (
        AccessAttempt.objects.filter(
            username=username,
            ip_address=client_network(request),
            attempt_time__gt=since,
        )
        .order_by("-attempt_time")
        .values_list("attempt_time", "failures_since_start")
    )
    total = 0
    for at, failures in attempts:
        total += failures
        if total >= settings.AXES_FAILURE_LIMIT:
            left: timedelta = at - since
            return max(1, math.ceil(left.total_seconds()))
    return 0
