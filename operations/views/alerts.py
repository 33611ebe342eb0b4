"""Pages of alerts, and what people decide about one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from kernel.access import access
from kernel.cache import tag
from kernel.errors import Conflict, Invalid
from kernel.requests import PersonRequest
from kernel.web import not_modified, page_or_fragment
from operations import pages, queries
from operations.forms import SilenceForm
from operations.models import Alert
from operations.services import alerting, incidents, silences

# How long ago a value was read grows without anything happening.
AGES_KEPT_SECONDS = 20


@require_safe
@access("operations.view")
def index(request: HttpRequest) -> HttpResponse:
    """Open alerts first, then what resolved, page by page."""
    rules, at = queries.rules(), timezone.now()
    judging = queries.judging(rules, at)
    aged = int(at.timestamp()) // AGES_KEPT_SECONDS
    known = f"{judging.begun:d}{len(judging.missing)}{len(judging.off)}-{aged}"
    etag = f"{tag(alerting.TAG)}-{request.GET.urlencode()}-{request.user.pk}-{known}"
    unchanged = not_modified(request, etag)
    if unchanged:
        return unchanged
    response = page_or_fragment(
        request,
        "operations/alerts.html",
        {"alerts": "operations/parts/alerts.html"},
        pages.alerts(request.GET.get("cursor", ""), rules, judging, at),
    )
    response["ETag"] = f'W/"{etag}"'
    return response


@require_safe
@access("operations.view")
def detail(request: HttpRequest, uid: UUID) -> HttpResponse:
    return _page(request, uid, SilenceForm())


def _page(request: HttpRequest, uid: UUID, form: SilenceForm) -> HttpResponse:
    return page_or_fragment(
        request,
        "operations/alert.html",
        {"alert": "operations/parts/alert.html"},
        {**pages.alert(queries.alert(uid)), "form": form},
    )


@require_POST
@access("operations.acknowledge")
def acknowledge(request: PersonRequest, uid: UUID) -> HttpResponse:
    done = "Acknowledged: the others see that you are on it."
    return _decide(request, uid, incidents.acknowledge, done)


@require_POST
@access("operations.manage")
def resolve(request: PersonRequest, uid: UUID) -> HttpResponse:
    return _decide(request, uid, incidents.resolve_by_hand, "Resolved by hand.")


@require_POST
@access("operations.acknowledge")
def silence(request: PersonRequest, uid: UUID) -> HttpResponse:
    """A refused one is the alert's page again, with what was typed."""
    form = SilenceForm(request.POST)
    try:
        wish = form.check()
        silences.silence_alert(uid, **wish, by=request.user, at=timezone.now())
    except Invalid:
        response = _page(request, uid, form)
        response.status_code = 422
        return response
    except Conflict as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, "Silenced: it is looked at, and nobody is told.")
    return redirect("operations:alert", uid=uid)


def _decide(
    request: PersonRequest,
    uid: UUID,
    decision: Callable[[UUID, User, datetime], Alert],
    done: str,
) -> HttpResponse:
    try:
        decision(uid, request.user, timezone.now())
    except Conflict as error:
        messages.error(request, error.detail)
    else:
        messages.success(request, done)
    return redirect("operations:alert", uid=uid)
