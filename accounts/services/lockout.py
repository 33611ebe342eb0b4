"""What django-axes calls: the address of a caller, and the answer when locked."""

from __future__ import annotations

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
from kernel.web import client_address


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
    wait = _seconds_left(request, (credentials or {}).get("username", ""))
    minutes = -(-wait // 60)
    return answer_error(
        request,
        TooManyRequests(
            f"Too many wrong passwords for this name: again in {minutes} min.",
            code="locked_out",
            retry_after=wait,
        ),
    )


def _seconds_left(request: HttpRequest, username: str) -> int:
    last = (
        AccessAttempt.objects.filter(
            username=username, ip_address=client_address(request)
        )
        .order_by("-attempt_time")
        .values_list("attempt_time", flat=True)
        .first()
    )
    until = (last or timezone.now()) + settings.AXES_COOLOFF_TIME
    return max(1, int((until - timezone.now()).total_seconds()))
